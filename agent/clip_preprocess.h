// What open_clip does to a picture before the vision transformer, without its libraries (Pillow,
// torchvision).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace deerbench {

// An 8-bit picture: rows of red, green, blue.
struct RgbPicture {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;  // (height, width, 3)
};

// Pillow's antialiased bicubic resize (a = -0.5), rows first and then columns, in its fixed-point arithmetic:
// the same bits. Throws Error unless `rgb` has width * height pixels and both sizes are positive.
RgbPicture ResizeBicubic(std::span<const uint8_t> rgb, int width, int height, int out_width, int out_height);

// Shorter side to `size`, centre crop, / 255, minus CLIP's mean, divided by its deviation: (3, size, size).
std::vector<float> ClipPreprocess(std::span<const uint8_t> rgb, int width, int height, int size);

}  // namespace deerbench
