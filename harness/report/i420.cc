#include "harness/report/i420.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"

namespace deerbench {
namespace {

// Rows of BT.601's matrix for 8-bit R'G'B' in 0..255 and limited-range output, times 2^16; each row's sum is
// exact (luma 219/255, chroma 0), so that grey stays grey.
constexpr std::array<int, 3> kY = {16829, 33039, 6416};
constexpr std::array<int, 3> kCb = {-9714, -19070, 28784};
constexpr std::array<int, 3> kCr = {28784, -24103, -4681};
constexpr int kShift = 16;

// `sum` holds `count` pixels' channels.
uint8_t Apply(const std::array<int, 3>& row, const std::array<int, 3>& sum, int count, int offset) {
  const int scaled = row[0] * sum[0] + row[1] * sum[1] + row[2] * sum[2];
  const int unit = count << kShift;
  const int rounded = (scaled + (offset * unit) + unit / 2) / unit;  // positive: the offsets see to it
  return static_cast<uint8_t>(std::clamp(rounded, 0, 255));
}

}  // namespace

void ToI420(const PictureView& picture, I420& out) {
  const auto width = static_cast<size_t>(picture.width), height = static_cast<size_t>(picture.height);
  if (picture.width <= 0 || picture.height <= 0 || picture.rgb.size() != 3 * width * height) {
    Fail(fmt::format("picture: {} bytes for {}x{} pixels: expected width x height x 3", picture.rgb.size(),
                     picture.width, picture.height));
  }
  out.width = picture.width;
  out.height = picture.height;
  const auto chroma_width = static_cast<size_t>(out.chroma_width());
  const auto chroma_height = static_cast<size_t>(out.chroma_height());
  out.y.resize(width * height);
  out.cb.resize(chroma_width * chroma_height);
  out.cr.resize(chroma_width * chroma_height);
  for (size_t by = 0; by < chroma_height; ++by) {
    for (size_t bx = 0; bx < chroma_width; ++bx) {
      std::array<int, 3> sum{};
      int count = 0;
      for (size_t y = 2 * by; y < std::min(2 * by + 2, height); ++y) {
        for (size_t x = 2 * bx; x < std::min(2 * bx + 2, width); ++x) {
          const uint8_t* pixel = &picture.rgb[3 * (y * width + x)];
          const std::array<int, 3> rgb = {pixel[0], pixel[1], pixel[2]};
          for (size_t c = 0; c < 3; ++c) sum[c] += rgb[c];
          ++count;
          out.y[y * width + x] = Apply(kY, rgb, 1, 16);
        }
      }
      out.cb[by * chroma_width + bx] = Apply(kCb, sum, count, 128);
      out.cr[by * chroma_width + bx] = Apply(kCr, sum, count, 128);
    }
  }
}

}  // namespace deerbench
