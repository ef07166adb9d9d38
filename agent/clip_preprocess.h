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

// Pillow's coefficients for one number of the output along one side: inputs from `first` on, in fixed point.
struct BicubicTap {
  int first = 0;
  std::vector<int32_t> weights;
};
inline constexpr int kBicubicFractionBits = 32 - 8 - 2;  // Pillow's PRECISION_BITS
std::vector<BicubicTap> BicubicTaps(int in, int out);

inline constexpr float kClipMean[] = {0.48145466f, 0.4578275f, 0.40821073f};
inline constexpr float kClipDeviation[] = {0.26862954f, 0.26130258f, 0.27577711f};

// Pillow's antialiased bicubic resize (a = -0.5), rows first and then columns, in its fixed-point arithmetic:
// the same bits. Throws Error unless `rgb` has width * height pixels and both sizes are positive.
RgbPicture ResizeBicubic(std::span<const uint8_t> rgb, int width, int height, int out_width, int out_height);

// Shorter side to `size`, centre crop, / 255, minus CLIP's mean, divided by its deviation: (3, size, size).
std::vector<float> ClipPreprocess(std::span<const uint8_t> rgb, int width, int height, int size);

}  // namespace deerbench
