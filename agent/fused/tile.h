// The one inner loop of all products: a tile of R rows by 16 columns, accumulated in registers.
#pragma once

#include <cstddef>

#include "agent/fused/simd.h"

namespace deerbench::fused {

inline constexpr int kMaxTileRows = 6;  // 12 accumulators, two weights and a broadcast fill the 16 registers

// acc[r] += sum over k of a[r * row_stride + k * k_stride] * w[k * w_stride .. + 15], in the order of k.
template <int R>
[[gnu::always_inline]] inline void AccumulateTile(const float* a, ptrdiff_t row_stride, ptrdiff_t k_stride,
                                                  int count, const float* w, ptrdiff_t w_stride,
                                                  F8 (&acc)[R][2]) {
  for (int k = 0; k < count; ++k) {
    const F8 w0 = Load(w), w1 = Load(w + 8);
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) {
      const F8 x = _mm256_broadcast_ss(a + r * row_stride);
      acc[r][0] = MulAdd(x, w0, acc[r][0]);
      acc[r][1] = MulAdd(x, w1, acc[r][1]);
    }
    a += k_stride;
    w += w_stride;
  }
}

// Calls body.template operator()<R>(first_row) over `rows` rows in blocks as even as at most six rows allow.
template <class Body>
inline void ForRowBlocks(int rows, const Body& body) {
  const int blocks = (rows + kMaxTileRows - 1) / kMaxTileRows;
  int row = 0;
  for (int b = 0; b < blocks; ++b) {
    const int count = (rows - row + blocks - b - 1) / (blocks - b);
    switch (count) {
      case 6:
        body.template operator()<6>(row);
        break;
      case 5:
        body.template operator()<5>(row);
        break;
      case 4:
        body.template operator()<4>(row);
        break;
      case 3:
        body.template operator()<3>(row);
        break;
      case 2:
        body.template operator()<2>(row);
        break;
      default:
        body.template operator()<1>(row);
        break;
    }
    row += count;
  }
}

}  // namespace deerbench::fused
