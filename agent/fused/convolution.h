// Convolutions over pictures whose channels lie together (height, width, channels), with ReLU.
#pragma once

#include <span>

#include "agent/fused/matrix.h"

namespace deerbench::fused {

// A picture inside a border of zeros: pixel (y, x) starts at pixel(y, x); y and x from -border to size +
// border - 1.
class Picture {
 public:
  Picture() = default;
  Picture(int size, int channels, int border);

  int size() const { return size_; }  // pixels along a side, without the border
  int channels() const { return channels_; }
  int border() const { return border_; }
  int row_stride() const { return row_stride_; }  // floats
  float* pixel(int y, int x) { return floats_.data() + Offset(y, x); }
  const float* pixel(int y, int x) const { return floats_.data() + Offset(y, x); }

 private:
  ptrdiff_t Offset(int y, int x) const {
    return static_cast<ptrdiff_t>(y + border_) * row_stride_ +
           static_cast<ptrdiff_t>(x + border_) * channels_;
  }
  int size_ = 0, channels_ = 0, border_ = 0, row_stride_ = 0;
  Floats floats_;
};

// Square kernel of odd size, zero padding of half of it.
class Convolution {
 public:
  Convolution() = default;
  // weights (out, in, kernel, kernel), bias (out).
  Convolution(std::span<const float> weights, std::span<const float> bias, int out, int in, int kernel,
              int stride);

  int out() const { return out_; }
  int OutputSize(int input_size) const { return (input_size - 1) / stride_ + 1; }
  int border() const { return kernel_ / 2; }  // that its input needs at least
  // out = max(0, in * weights + bias). The pictures have the layer's channels and sizes.
  void Run(const Picture& in, Picture& out) const;
  size_t bytes() const { return (weights_.size() + bias_.size()) * sizeof(float); }

 private:
  int out_ = 0, in_ = 0, kernel_ = 1, stride_ = 1;
  Floats weights_;  // panel of 16 outputs, kernel row, kernel column, input, output
  Floats bias_;
};

}  // namespace deerbench::fused
