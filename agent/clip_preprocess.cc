#include "agent/clip_preprocess.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace deerbench {
namespace {

constexpr int kFractionBits = kBicubicFractionBits;
constexpr double kSupport = 2;  // of the cubic, in pixels of the coarser picture

double Cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// Sums of the taps over lines of as many bytes as `sums` has room for, each `stride` behind the one before,
// rounded and clamped. Whole lines at a time, for the compiler to make vectors of; sums of integers are the
// same in any order.
void BlendLines(const BicubicTap& tap, const uint8_t* lines, size_t stride, std::span<int32_t> sums,
                uint8_t* out) {
  std::ranges::fill(sums, 1 << (kFractionBits - 1));
  for (const int32_t weight : tap.weights) {
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += lines[i] * weight;
    lines += stride;
  }
  for (size_t i = 0; i < sums.size(); ++i)
    out[i] = static_cast<uint8_t>(std::clamp(sums[i] >> kFractionBits, 0, 255));
}

// (rows, columns) to (columns, rows).
std::vector<uint8_t> Transposed(std::span<const uint8_t> bytes, size_t rows, size_t columns) {
  constexpr size_t kTogether = 16;  // so that what is written side by side is in the first cache
  std::vector<uint8_t> out(bytes.size());
  for (size_t begin = 0; begin < rows; begin += kTogether) {
    const size_t end = std::min(rows, begin + kTogether);
    for (size_t x = 0; x < columns; ++x) {
      for (size_t y = begin; y < end; ++y) out[x * rows + y] = bytes[y * columns + x];
    }
  }
  return out;
}

}  // namespace

std::vector<BicubicTap> BicubicTaps(int in, int out) {
  const double scale = static_cast<double>(in) / out, blur = std::max(scale, 1.0), reach = kSupport * blur;
  std::vector<BicubicTap> taps(out);
  for (int i = 0; i < out; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(static_cast<int>(centre - reach + 0.5), 0);
    const int count = std::min(static_cast<int>(centre + reach + 0.5), in) - first;
    std::vector<double> weights(count);
    double sum = 0;
    for (int k = 0; k < count; ++k) sum += weights[k] = Cubic((k + first - centre + 0.5) * (1.0 / blur));
    taps[i].first = first;
    for (double weight : weights) {
      if (sum != 0) weight /= sum;
      taps[i].weights.push_back(
          static_cast<int32_t>((weight < 0 ? -0.5 : 0.5) + weight * (1 << kFractionBits)));
    }
  }
  return taps;
}

RgbPicture ResizeBicubic(std::span<const uint8_t> rgb, int width, int height, int out_width, int out_height) {
  if (width < 1 || height < 1 || out_width < 1 || out_height < 1 ||
      rgb.size() != static_cast<size_t>(width) * height * 3) {
    Fail(fmt::format("picture has {} bytes, expected {} x {} x 3 to resize to {} x {}", rgb.size(), width,
                     height, out_width, out_height));
  }
  RgbPicture wide{.width = out_width, .height = height, .rgb = {}};
  if (out_width == width) {
    wide.rgb.assign(rgb.begin(), rgb.end());
  } else {
    // Each column of a channel as a line.
    const std::vector<uint8_t> columns = Transposed(rgb, height, static_cast<size_t>(width) * 3);
    std::vector<uint8_t> blended(static_cast<size_t>(out_width) * height * 3);
    std::vector<int32_t> sums(height);
    uint8_t* out = blended.data();
    for (const BicubicTap& tap : BicubicTaps(width, out_width)) {
      for (size_t channel = 0; channel < 3; ++channel, out += height) {
        BlendLines(tap, columns.data() + (tap.first * 3 + channel) * height, size_t{3} * height, sums, out);
      }
    }
    wide.rgb = Transposed(blended, static_cast<size_t>(out_width) * 3, height);
  }
  if (out_height == height) return wide;
  RgbPicture result{.width = out_width, .height = out_height, .rgb = {}};
  const size_t row = static_cast<size_t>(out_width) * 3;
  result.rgb.resize(row * out_height);
  uint8_t* out = result.rgb.data();
  std::vector<int32_t> sums(row);
  for (const BicubicTap& tap : BicubicTaps(height, out_height)) {
    BlendLines(tap, wide.rgb.data() + tap.first * row, row, sums, out);
    out += row;
  }
  return result;
}

std::vector<float> ClipPreprocess(std::span<const uint8_t> rgb, int width, int height, int size) {
  // torchvision keeps the aspect ratio and cuts the longer side's fraction off.
  const int64_t shorter = std::max(std::min(width, height), 1);
  const RgbPicture picture =
      ResizeBicubic(rgb, width, height, static_cast<int>(int64_t{size} * width / shorter),
                    static_cast<int>(int64_t{size} * height / shorter));
  const auto margin = [&](int extent) { return static_cast<int>(std::nearbyint((extent - size) / 2.0)); };
  const int left = margin(picture.width), top = margin(picture.height);
  std::vector<float> out(static_cast<size_t>(3) * size * size);
  float* next = out.data();
  for (int channel = 0; channel < 3; ++channel) {
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x) {
        const size_t pixel = static_cast<size_t>(top + y) * picture.width + left + x;
        *next++ = (picture.rgb[pixel * 3 + channel] / 255.0f - kClipMean[channel]) / kClipDeviation[channel];
      }
    }
  }
  return out;
}

}  // namespace deerbench
