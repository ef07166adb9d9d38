#include "agent/clip_preprocess.h"

#include <fmt/format.h>
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

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

constexpr size_t kBlock = 16;  // bytes of a vector

// (kBlock, kBlock) transposed. Rows are interleaved with those half a block further, four times over: each
// time an element's row and column numbers, written as one, turn by a bit.
void TransposeBlock(const uint8_t* from, size_t from_stride, uint8_t* to, size_t to_stride) {
  __m128i rows[kBlock], mixed[kBlock];
  for (size_t i = 0; i < kBlock; ++i)
    rows[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i * from_stride));
  for (int round = 0; round < 4; ++round) {
    for (size_t i = 0; i < kBlock / 2; ++i) {
      mixed[2 * i] = _mm_unpacklo_epi8(rows[i], rows[i + kBlock / 2]);
      mixed[2 * i + 1] = _mm_unpackhi_epi8(rows[i], rows[i + kBlock / 2]);
    }
    std::swap(rows, mixed);
  }
  for (size_t i = 0; i < kBlock; ++i)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i * to_stride), rows[i]);
}

// (rows, columns) to (columns, rows).
void Transpose(const uint8_t* from, size_t rows, size_t columns, uint8_t* to) {
  const size_t whole_rows = rows / kBlock * kBlock, whole_columns = columns / kBlock * kBlock;
  for (size_t y = 0; y < whole_rows; y += kBlock) {
    for (size_t x = 0; x < whole_columns; x += kBlock)
      TransposeBlock(from + y * columns + x, columns, to + x * rows + y, rows);
  }
  const auto copy = [&](size_t first_row, size_t row_end, size_t first_column, size_t column_end) {
    for (size_t y = first_row; y < row_end; ++y) {
      for (size_t x = first_column; x < column_end; ++x) to[x * rows + y] = from[y * columns + x];
    }
  };
  copy(0, rows, whole_columns, columns);
  copy(whole_rows, rows, 0, whole_columns);
}

// What a byte of each channel becomes.
const std::array<std::array<float, 256>, 3>& NormalisedBytes() {
  static const auto table = [] {
    std::array<std::array<float, 256>, 3> values;
    for (int channel = 0; channel < 3; ++channel) {
      for (int byte = 0; byte < 256; ++byte)
        values[channel][byte] = (byte / 255.0f - kClipMean[channel]) / kClipDeviation[channel];
    }
    return values;
  }();
  return table;
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

BicubicResizer::BicubicResizer(int width, int height, int out_width, int out_height)
    : width_(width), height_(height), out_width_(out_width), out_height_(out_height) {
  if (width < 1 || height < 1 || out_width < 1 || out_height < 1) {
    Fail(fmt::format("picture of {} x {} pixels to resize to {} x {}, expected positive sizes", width, height,
                     out_width, out_height));
  }
  if (out_width != width) along_rows_ = BicubicTaps(width, out_width);
  if (out_height != height) along_columns_ = BicubicTaps(height, out_height);
}

std::span<const uint8_t> BicubicResizer::ResizeRows(std::span<const uint8_t> rgb) {
  // Each column of a channel as a line.
  const size_t height = height_, wide = static_cast<size_t>(out_width_) * 3;
  columns_.resize(rgb.size());
  blended_.resize(wide * height);
  wide_.resize(blended_.size());
  sums_.resize(height);
  Transpose(rgb.data(), height, static_cast<size_t>(width_) * 3, columns_.data());
  uint8_t* out = blended_.data();
  for (const BicubicTap& tap : along_rows_) {
    for (size_t channel = 0; channel < 3; ++channel, out += height)
      BlendLines(tap, columns_.data() + (tap.first * 3 + channel) * height, 3 * height, sums_, out);
  }
  Transpose(blended_.data(), wide, height, wide_.data());
  return wide_;
}

std::span<const uint8_t> BicubicResizer::Run(std::span<const uint8_t> rgb) {
  if (rgb.size() != static_cast<size_t>(width_) * height_ * 3) {
    Fail(fmt::format("picture has {} bytes, expected {} x {} x 3 to resize to {} x {}", rgb.size(), width_,
                     height_, out_width_, out_height_));
  }
  const std::span<const uint8_t> wide = along_rows_.empty() ? rgb : ResizeRows(rgb);
  if (along_columns_.empty()) return wide;
  const size_t row = static_cast<size_t>(out_width_) * 3;
  resized_.resize(row * out_height_);
  sums_.resize(row);
  uint8_t* out = resized_.data();
  for (const BicubicTap& tap : along_columns_) {
    BlendLines(tap, wide.data() + tap.first * row, row, sums_, out);
    out += row;
  }
  return resized_;
}

RgbPicture ResizeBicubic(std::span<const uint8_t> rgb, int width, int height, int out_width, int out_height) {
  BicubicResizer resizer(width, height, out_width, out_height);
  const std::span<const uint8_t> resized = resizer.Run(rgb);
  return {.width = out_width, .height = out_height, .rgb = {resized.begin(), resized.end()}};
}

std::span<const float> ClipPreprocessor::Run(std::span<const uint8_t> rgb, int width, int height) {
  if (!resizer_ || resizer_->width() != width || resizer_->height() != height) {
    // torchvision keeps the aspect ratio and cuts the longer side's fraction off.
    const int64_t shorter = std::max(std::min(width, height), 1);
    resizer_.emplace(width, height, static_cast<int>(int64_t{size_} * width / shorter),
                     static_cast<int>(int64_t{size_} * height / shorter));
  }
  const std::span<const uint8_t> picture = resizer_->Run(rgb);
  const auto margin = [&](int extent) { return static_cast<int>(std::nearbyint((extent - size_) / 2.0)); };
  const int left = margin(resizer_->out_width()), top = margin(resizer_->out_height());
  const auto& normalised = NormalisedBytes();
  const size_t plane = static_cast<size_t>(size_) * size_;
  image_.resize(3 * plane);
  float* out = image_.data();
  for (int y = 0; y < size_; ++y) {
    const uint8_t* pixel = picture.data() + (static_cast<size_t>(top + y) * resizer_->out_width() + left) * 3;
    for (int x = 0; x < size_; ++x, pixel += 3, ++out) {
      for (size_t channel = 0; channel < 3; ++channel)
        out[channel * plane] = normalised[channel][pixel[channel]];
    }
  }
  return image_;
}

std::vector<float> ClipPreprocess(std::span<const uint8_t> rgb, int width, int height, int size) {
  ClipPreprocessor preprocessor(size);
  const std::span<const float> image = preprocessor.Run(rgb, width, height);
  return {image.begin(), image.end()};
}

}  // namespace deerbench
