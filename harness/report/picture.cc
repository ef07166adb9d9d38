#include "harness/report/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace deerbench {
namespace {

size_t Bytes(int width, int height) { return static_cast<size_t>(width) * static_cast<size_t>(height) * 3; }

void CheckView(const PictureView& view) {
  if (view.width <= 0 || view.height <= 0 || view.rgb.size() != Bytes(view.width, view.height)) {
    Fail(fmt::format("picture: {} bytes for {}x{} pixels: expected width x height x 3, both positive",
                     view.rgb.size(), view.width, view.height));
  }
}

uint8_t Round(double value) { return static_cast<uint8_t>(std::clamp(std::lround(value), 0L, 255L)); }

// How much of pixel (x, y) a rounded rectangle covers, from the signed distance of the pixel's centre.
double RectCoverage(int x, int y, double left, double top, double width, double height, double radius) {
  const double dx = std::abs(x + 0.5 - left - width / 2) - width / 2 + radius;
  const double dy = std::abs(y + 0.5 - top - height / 2) - height / 2 + radius;
  const double outside = std::hypot(std::max(dx, 0.0), std::max(dy, 0.0));
  const double distance = outside + std::min(std::max(dx, dy), 0.0) - radius;
  return std::clamp(0.5 - distance, 0.0, 1.0);
}

// The source samples that one target sample is made of.
struct Taps {
  int first = 0;
  std::vector<float> weights;
};

double CatmullRom(double x) {
  x = std::abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return ((-0.5 * x + 2.5) * x - 4) * x + 2;
  return 0;
}

std::vector<Taps> MakeTaps(int from, int to) {
  const double scale = static_cast<double>(from) / to;
  std::vector<Taps> taps(static_cast<size_t>(to));
  for (int i = 0; i < to; ++i) {
    Taps& tap = taps[static_cast<size_t>(i)];
    const double begin = i * scale;
    const double end = (i + 1) * scale;
    const double center = (begin + end) / 2 - 0.5;
    tap.first = scale > 1 ? static_cast<int>(begin) : static_cast<int>(std::floor(center)) - 1;
    const int last = scale > 1 ? std::min(from, static_cast<int>(std::ceil(end))) - 1 : tap.first + 3;
    double sum = 0;
    for (int s = tap.first; s <= last; ++s) {
      const double weight = scale > 1 ? std::min(end, s + 1.0) - std::max(begin, static_cast<double>(s))
                                      : CatmullRom(center - s);
      tap.weights.push_back(static_cast<float>(weight));
      sum += weight;
    }
    for (float& weight : tap.weights) weight /= static_cast<float>(sum);
  }
  return taps;
}

}  // namespace

Picture::Picture(int width, int height, Rgb fill) : width_(width), height_(height) {
  if (width <= 0 || height <= 0)
    Fail(fmt::format("picture: {}x{} pixels: expected positive sizes", width, height));
  rgb_.resize(Bytes(width, height));
  for (size_t i = 0; i < rgb_.size(); i += 3) {
    rgb_[i] = fill.r;
    rgb_[i + 1] = fill.g;
    rgb_[i + 2] = fill.b;
  }
}

Picture::Picture(const PictureView& view) : width_(view.width), height_(view.height) {
  CheckView(view);
  rgb_.assign(view.rgb.begin(), view.rgb.end());
}

Rgb Picture::at(int x, int y) const {
  const size_t i = 3 * (static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x));
  return {rgb_.at(i), rgb_.at(i + 1), rgb_.at(i + 2)};
}

void Picture::Blend(int x, int y, Rgb color, double coverage) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_ || coverage <= 0) return;
  uint8_t* pixel = &rgb_[3 * (static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x))];
  if (coverage >= 1) {
    pixel[0] = color.r;
    pixel[1] = color.g;
    pixel[2] = color.b;
    return;
  }
  const double keep = 1 - coverage;
  pixel[0] = Round(color.r + keep * (pixel[0] - color.r));
  pixel[1] = Round(color.g + keep * (pixel[1] - color.g));
  pixel[2] = Round(color.b + keep * (pixel[2] - color.b));
}

void Picture::FillRect(double x, double y, double width, double height, Rgb color, double radius,
                       double opacity) {
  radius = std::min({radius, width / 2, height / 2});
  const int x0 = std::max(0, static_cast<int>(std::floor(x)));
  const int y0 = std::max(0, static_cast<int>(std::floor(y)));
  const int x1 = std::min(width_, static_cast<int>(std::ceil(x + width)));
  const int y1 = std::min(height_, static_cast<int>(std::ceil(y + height)));
  for (int row = y0; row < y1; ++row) {
    for (int column = x0; column < x1; ++column) {
      Blend(column, row, color, opacity * RectCoverage(column, row, x, y, width, height, radius));
    }
  }
}

void Picture::Paste(const PictureView& other, int x, int y, double radius) {
  CheckView(other);
  const int first = std::max(0, -x), last = std::min(other.width, width_ - x);
  if (first >= last) return;
  for (int row = std::max(0, -y); row < std::min(other.height, height_ - y); ++row) {
    if (radius <= 0) {
      const auto from = other.rgb.begin() + static_cast<ptrdiff_t>(Bytes(other.width, row)) + 3 * first;
      std::copy(from, from + 3 * (last - first),
                rgb_.begin() + static_cast<ptrdiff_t>(Bytes(width_, y + row)) + 3 * (x + first));
      continue;
    }
    for (int column = first; column < last; ++column) {
      const size_t i =
          3 * (static_cast<size_t>(row) * static_cast<size_t>(other.width) + static_cast<size_t>(column));
      Blend(x + column, y + row, {other.rgb[i], other.rgb[i + 1], other.rgb[i + 2]},
            RectCoverage(column, row, 0, 0, other.width, other.height, radius));
    }
  }
}

Picture Picture::Crop(int x, int y, int width, int height) const {
  if (x < 0 || y < 0 || x + width > width_ || y + height > height_) {
    Fail(fmt::format("crop: {}x{} at ({}, {}): expected to lie within {}x{}", width, height, x, y, width_,
                     height_));
  }
  Picture out(width, height);
  out.Paste(view(), -x, -y);
  return out;
}

Picture Resize(const PictureView& picture, int width, int height) {
  CheckView(picture);
  if (width == picture.width && height == picture.height) return Picture(picture);
  if (width <= 0 || height <= 0)
    Fail(fmt::format("resize: {}x{} pixels: expected positive sizes", width, height));
  const std::vector<Taps> columns = MakeTaps(picture.width, width);
  const std::vector<Taps> rows = MakeTaps(picture.height, height);
  // Columns first: (picture.height, width, 3).
  std::vector<float> half(Bytes(width, picture.height));
  for (int y = 0; y < picture.height; ++y) {
    const uint8_t* line = &picture.rgb[Bytes(picture.width, y)];
    for (int x = 0; x < width; ++x) {
      const Taps& taps = columns[static_cast<size_t>(x)];
      float* to = &half[Bytes(width, y) + 3 * static_cast<size_t>(x)];
      for (size_t k = 0; k < taps.weights.size(); ++k) {
        const int from = std::clamp(taps.first + static_cast<int>(k), 0, picture.width - 1);
        for (size_t c = 0; c < 3; ++c) to[c] += taps.weights[k] * line[3 * static_cast<size_t>(from) + c];
      }
    }
  }
  std::vector<float> sum(Bytes(width, 1));
  std::vector<uint8_t> rgb;
  rgb.reserve(Bytes(width, height));
  for (const Taps& taps : rows) {
    std::fill(sum.begin(), sum.end(), 0.0f);
    for (size_t k = 0; k < taps.weights.size(); ++k) {
      const int from = std::clamp(taps.first + static_cast<int>(k), 0, picture.height - 1);
      const float* line = &half[Bytes(width, from)];
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += taps.weights[k] * line[i];
    }
    for (const float value : sum) rgb.push_back(static_cast<uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f)));
  }
  return Picture(PictureView{width, height, rgb});
}

}  // namespace deerbench
