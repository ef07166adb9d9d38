#include "agent/fused/convolution.h"

#include <algorithm>

#include "agent/fused/linear.h"
#include "agent/fused/tile.h"

namespace deerbench::fused {

Picture::Picture(int size, int channels, int border)
    : size_(size),
      channels_(channels),
      border_(border),
      row_stride_((size + 2 * border) * channels),
      floats_(static_cast<size_t>(size + 2 * border) * row_stride_) {}

Convolution::Convolution(std::span<const float> weights, std::span<const float> bias, int out, int in,
                         int kernel, int stride)
    : out_(out), in_(in), kernel_(kernel), stride_(stride) {
  const int panels = (out + kPanel - 1) / kPanel, taps = kernel * kernel * in;
  weights_ = Floats(static_cast<size_t>(panels) * taps * kPanel);
  bias_ = Floats(static_cast<size_t>(panels) * kPanel);
  for (int o = 0; o < out; ++o) {
    for (int i = 0; i < in; ++i) {
      for (int tap = 0; tap < kernel * kernel; ++tap) {
        weights_[(static_cast<size_t>(o / kPanel) * taps + tap * in + i) * kPanel + o % kPanel] =
            weights[(static_cast<size_t>(o) * in + i) * kernel * kernel + tap];
      }
    }
  }
  std::copy(bias.begin(), bias.end(), bias_.data());
}

void Convolution::Run(const Picture& in, Picture& out) const {
  const int size = out.size(), segment = kernel_ * in_;  // a kernel row's inputs lie together
  const int panels = (out_ + kPanel - 1) / kPanel;
  const F8 zero = _mm256_setzero_ps();
  for (int p = 0; p < panels; ++p) {
    const int column = p * kPanel, left = std::min(kPanel, out_ - column);
    const float* weights = weights_.data() + static_cast<size_t>(p) * kernel_ * segment * kPanel;
    const F8 b0 = Load(bias_.data() + column), b1 = Load(bias_.data() + column + 8);
    for (int y = 0; y < size; ++y) {
      ForRowBlocks(size, [&]<int R>(int x) {
        F8 acc[R][2];
        for (int r = 0; r < R; ++r) acc[r][0] = b0, acc[r][1] = b1;
        const float* from = in.pixel(y * stride_ - kernel_ / 2, x * stride_ - kernel_ / 2);
        for (int ky = 0; ky < kernel_; ++ky) {
          AccumulateTile<R>(from + static_cast<ptrdiff_t>(ky) * in.row_stride(), stride_ * in_, 1, segment,
                            weights + static_cast<ptrdiff_t>(ky) * segment * kPanel, kPanel, acc);
        }
#pragma GCC unroll 6
        for (int r = 0; r < R; ++r) {
          float* to = out.pixel(y, x + r) + column;
          const F8 v0 = _mm256_max_ps(acc[r][0], zero), v1 = _mm256_max_ps(acc[r][1], zero);
          if (left == kPanel) {
            Store(to, v0);
            Store(to + 8, v1);
          } else {
            StoreFirst(to, v0, left);
            StoreFirst(to + 8, v1, left - 8);
          }
        }
      });
    }
  }
}

}  // namespace deerbench::fused
