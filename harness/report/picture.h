// Small RGB pictures and the few drawing operations that strips and videos are composed with.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace deerbench {

struct Rgb {
  uint8_t r = 0, g = 0, b = 0;
  friend bool operator==(const Rgb&, const Rgb&) = default;
};

// Somebody else's pixels: (height, width, 3) rows from the top, sRGB.
struct PictureView {
  int width = 0;
  int height = 0;
  std::span<const uint8_t> rgb;
};

// Coordinates are pixels from the top left corner. What is drawn outside is cut off.
class Picture {
 public:
  Picture() = default;
  Picture(int width, int height, Rgb fill = {});
  explicit Picture(const PictureView& view);  // Throws Error if the sizes do not fit together.

  int width() const { return width_; }
  int height() const { return height_; }
  std::span<const uint8_t> rgb() const { return rgb_; }
  PictureView view() const { return {width_, height_, rgb_}; }
  Rgb at(int x, int y) const;

  // Moves pixel (x, y) towards `color` by `coverage` in [0, 1].
  void Blend(int x, int y, Rgb color, double coverage);
  // A filled rectangle with rounded corners, edges anti-aliased.
  void FillRect(double x, double y, double width, double height, Rgb color, double radius = 0,
                double opacity = 1);
  // Another picture, its top left corner at (x, y), corners rounded.
  void Paste(const PictureView& other, int x, int y, double radius = 0);
  Picture Crop(int x, int y, int width, int height) const;

 private:
  int width_ = 0;
  int height_ = 0;
  std::vector<uint8_t> rgb_;
};

// `picture` at another size: Catmull-Rom when it grows, area-weighted when it shrinks.
Picture Resize(const PictureView& picture, int width, int height);

}  // namespace deerbench
