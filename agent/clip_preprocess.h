// What open_clip does to a picture before the vision transformer, without its libraries (Pillow,
// torchvision).
#pragma once

#include <cstdint>
#include <optional>
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
// the same bits. Keeps what only the sizes decide, and its memory, from one picture to the next.
class BicubicResizer {
 public:
  // Throws Error unless all sizes are positive.
  BicubicResizer(int width, int height, int out_width, int out_height);
  // `rgb` is (height, width, 3). Returns (out_height, out_width, 3), valid until the next call; throws Error
  // if `rgb` has another number of bytes.
  std::span<const uint8_t> Run(std::span<const uint8_t> rgb);

  int width() const { return width_; }
  int height() const { return height_; }
  int out_width() const { return out_width_; }
  int out_height() const { return out_height_; }

 private:
  std::span<const uint8_t> ResizeRows(std::span<const uint8_t> rgb);

  int width_, height_, out_width_, out_height_;
  std::vector<BicubicTap> along_rows_, along_columns_;  // empty where the size stays
  std::vector<uint8_t> columns_, blended_, wide_, resized_;
  std::vector<int32_t> sums_;
};

// Of one picture; throws as the class does.
RgbPicture ResizeBicubic(std::span<const uint8_t> rgb, int width, int height, int out_width, int out_height);

// Shorter side to `size`, centre crop, / 255, minus CLIP's mean, divided by its deviation.
class ClipPreprocessor {
 public:
  explicit ClipPreprocessor(int size) : size_(size) {}
  // `rgb` is (height, width, 3). Returns (3, size, size), valid until the next call. Throws Error unless
  // `rgb` has width * height pixels and both are positive.
  std::span<const float> Run(std::span<const uint8_t> rgb, int width, int height);

 private:
  int size_;
  std::optional<BicubicResizer> resizer_;  // for the last picture's size
  std::vector<float> image_;
};

// Of one picture: (3, size, size); throws as the class does.
std::vector<float> ClipPreprocess(std::span<const uint8_t> rgb, int width, int height, int size);

}  // namespace deerbench
