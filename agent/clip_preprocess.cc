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

// Sum of the taps over bytes `stride` apart, rounded and clamped.
uint8_t Blend(const BicubicTap& tap, const uint8_t* bytes, size_t stride) {
  int32_t sum = 1 << (kFractionBits - 1);
  for (size_t k = 0; k < tap.weights.size(); ++k) sum += bytes[k * stride] * tap.weights[k];
  return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
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
  RgbPicture wide{.width = out_width, .height = height, .rgb = {rgb.begin(), rgb.end()}};
  if (out_width != width) {
    wide.rgb.resize(static_cast<size_t>(out_width) * height * 3);
    const std::vector<BicubicTap> taps = BicubicTaps(width, out_width);
    uint8_t* out = wide.rgb.data();
    for (int y = 0; y < height; ++y) {
      const uint8_t* row = rgb.data() + static_cast<size_t>(y) * width * 3;
      for (const BicubicTap& tap : taps) {
        for (int channel = 0; channel < 3; ++channel) *out++ = Blend(tap, row + tap.first * 3 + channel, 3);
      }
    }
  }
  if (out_height == height) return wide;
  RgbPicture result{.width = out_width, .height = out_height, .rgb = {}};
  const size_t row = static_cast<size_t>(out_width) * 3;
  result.rgb.resize(row * out_height);
  uint8_t* out = result.rgb.data();
  for (const BicubicTap& tap : BicubicTaps(height, out_height)) {
    const uint8_t* first = wide.rgb.data() + tap.first * row;
    for (size_t x = 0; x < row; ++x) *out++ = Blend(tap, first + x, row);
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
