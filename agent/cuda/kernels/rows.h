// Kernels of whole rows: layer norm, the maximum over tokens; and sums over a block.
#pragma once

#include "agent/cuda/arguments.h"

namespace deerbench::cuda {

// value(t) added up over the block; every thread gets the sum. `sums` has a place for each 32 threads.
template <int kThreads, class Block, class Value>
DEERBENCH_DEVICE float BlockSum(Block& block, const Value& value, float* sums) {
  block.WarpSum(value);
  block.Phase([&](int t) {
    if (t % 32 == 0) sums[t / 32] = value(t);
  });
  float total = 0;
  for (int warp = 0; warp < kThreads / 32; ++warp) total += sums[warp];
  block.Sync();
  return total;
}

// A block for each row.
struct LayerNorm {
  static constexpr int kThreads = 256;
  struct Shared {
    float sums[kThreads / 32];
  };
  LayerNormArgs a;

  template <class Block>
  DEERBENCH_DEVICE void operator()(Block& block, Shared& shared) const {
    const int group = block.x() / a.group, row = block.x() % a.group;
    const float* x = a.x + static_cast<size_t>(group * a.x_group + row) * a.x_stride;
    float* y = a.y + static_cast<size_t>(group * a.y_group + row) * a.y_stride;
    typename Block::template Registers<float> sum;
    block.Each([&](int t) {
      float s = 0;
      for (int i = t; i < a.width; i += kThreads) s += x[i];
      sum[t] = s;
    });
    block.Sync();
    const float width = static_cast<float>(a.width);
    const float mean = BlockSum<kThreads>(
                           block, [&](int t) -> float& { return sum[t]; }, shared.sums) /
                       width;
    block.Each([&](int t) {
      float s = 0;
      for (int i = t; i < a.width; i += kThreads) s = fmaf(x[i] - mean, x[i] - mean, s);
      sum[t] = s;
    });
    block.Sync();
    const float variance = BlockSum<kThreads>(
                               block, [&](int t) -> float& { return sum[t]; }, shared.sums) /
                           width;
    const float scale = 1.0f / sqrtf(variance + a.eps);
    block.Each([&](int t) {
      for (int i = t; i < a.width; i += kThreads) {
        const float bias = a.bias ? a.bias[i] : 0.0f;
        const float value = fmaf((x[i] - mean) * scale, a.weight[i], bias);
        y[i] = a.relu ? fmaxf(value, 0.0f) : value;
      }
    });
  }
};

// A thread for each column.
struct MaxPool {
  static constexpr int kThreads = 128;
  struct Shared {};
  MaxPoolArgs a;

  template <class Block>
  DEERBENCH_DEVICE void operator()(Block& block, Shared&) const {
    block.Each([&](int t) {
      const int column = block.x() * kThreads + t;
      if (column >= a.width) return;
      float most = a.x[column];
      for (int row = 1; row < a.rows; ++row)
        most = fmaxf(most, a.x[static_cast<size_t>(row) * a.x_stride + column]);
      a.y[column] = most;
    });
  }
};

// When the stream came here, on the device's clock.
struct Stamp {
  static constexpr int kThreads = 32;
  struct Shared {};
  StampArgs a;

  template <class Block>
  DEERBENCH_DEVICE void operator()(Block& block, Shared&) const {
    block.Each([&](int t) {
      if (t == 0) *a.to = Block::ClockNs();
    });
  }
};

}  // namespace deerbench::cuda
