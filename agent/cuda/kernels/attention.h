// Softmax attention in one pass over the keys: scores never leave the block.
#pragma once

#include "agent/cuda/arguments.h"

namespace deerbench::cuda {

// A block for 16 queries of one head, four for each warp; a lane has one key of 32 at a time and, of the
// output, each 32nd number.
struct Attention {
  static constexpr int kThreads = 128, kQueries = 16, kKeys = 32, kMaxHeadDim = 128;
  static constexpr int kPerWarp = kQueries / (kThreads / 32), kPerLane = kMaxHeadDim / 32;
  struct Shared {
    float q[kQueries][kMaxHeadDim];
    float k[kKeys][kMaxHeadDim + 1];
    float v[kKeys][kMaxHeadDim];
    float p[kQueries][kKeys];
  };
  struct State {
    float most[kPerWarp], sum[kPerWarp], out[kPerWarp][kPerLane];
    float score[kPerWarp], largest[kPerWarp], weight[kPerWarp];
  };
  AttentionArgs a;

  template <class Block>
  DEERBENCH_DEVICE void operator()(Block& block, Shared& shared) const {
    const int first = block.x() * kQueries, head = block.y(), dim = a.head_dim;
    const float* q = a.q + static_cast<size_t>(block.z()) * a.q_batch + head * dim;
    const float* k = a.k + static_cast<size_t>(block.z()) * a.k_batch + head * dim;
    const float* v = a.v + static_cast<size_t>(block.z()) * a.k_batch + head * dim;
    float* out = a.out + static_cast<size_t>(block.z()) * a.out_batch + head * dim;
    const int reach = a.causal && first + kQueries < a.keys ? first + kQueries : a.keys;
    typename Block::template Registers<State> state;
    block.Phase([&](int t) {
      DEERBENCH_UNROLL
      for (int i = 0; i < kPerWarp; ++i) state[t].most[i] = -3e38f;
      for (int i = t; i < kQueries * dim; i += kThreads) {
        const int row = first + i / dim;
        shared.q[i / dim][i % dim] =
            row < a.queries ? q[static_cast<size_t>(row) * a.q_stride + i % dim] : 0.0f;
      }
    });
    for (int from = 0; from < reach; from += kKeys) {
      block.Phase([&](int t) {
        for (int i = t; i < kKeys * dim; i += kThreads) {
          const int row = from + i / dim;
          const size_t at = static_cast<size_t>(row) * a.k_stride + i % dim;
          shared.k[i / dim][i % dim] = row < a.keys ? k[at] : 0.0f;
          shared.v[i / dim][i % dim] = row < a.keys ? v[at] : 0.0f;
        }
      });
      block.Each([&](int t) {
        const int lane = t % 32, key = from + lane;
        DEERBENCH_UNROLL
        for (int i = 0; i < kPerWarp; ++i) {
          const int row = t / 32 * kPerWarp + i;
          float dot = 0;
          for (int d = 0; d < dim; ++d) dot = fmaf(shared.q[row][d], shared.k[lane][d], dot);
          float score = dot * a.scale + (a.bias && key < a.keys ? a.bias[head * a.keys + key] : 0.0f);
          if (a.media_seen && first + row < a.queries && a.media_seen[first + row] > 1) score = 0;
          const bool visible = key < a.keys && !(a.causal && key > first + row);
          state[t].score[i] = visible ? score : -3e38f;
          state[t].largest[i] = state[t].score[i];
        }
      });
      DEERBENCH_UNROLL
      for (int i = 0; i < kPerWarp; ++i) block.WarpMax([&](int t) -> float& { return state[t].largest[i]; });
      block.Each([&](int t) {
        State& s = state[t];
        DEERBENCH_UNROLL
        for (int i = 0; i < kPerWarp; ++i) {
          const float most = fmaxf(s.most[i], s.largest[i]), fade = expf(s.most[i] - most);
          s.weight[i] = s.score[i] > -1e38f ? expf(s.score[i] - most) : 0.0f;
          s.score[i] = s.weight[i];
          s.most[i] = most;
          s.sum[i] *= fade;
          DEERBENCH_UNROLL
          for (int d = 0; d < kPerLane; ++d) s.out[i][d] *= fade;
        }
      });
      DEERBENCH_UNROLL
      for (int i = 0; i < kPerWarp; ++i) block.WarpSum([&](int t) -> float& { return state[t].score[i]; });
      block.Sync();
      block.Phase([&](int t) {
        DEERBENCH_UNROLL
        for (int i = 0; i < kPerWarp; ++i) {
          state[t].sum[i] += state[t].score[i];
          shared.p[t / 32 * kPerWarp + i][t % 32] = state[t].weight[i];
        }
      });
      block.Each([&](int t) {
        const int lane = t % 32;
        for (int j = 0; j < kKeys; ++j) {
          DEERBENCH_UNROLL
          for (int i = 0; i < kPerWarp; ++i) {
            const float p = shared.p[t / 32 * kPerWarp + i][j];
            DEERBENCH_UNROLL
            for (int d = 0; d < kPerLane; ++d) {
              if (lane + 32 * d < dim)
                state[t].out[i][d] = fmaf(p, shared.v[j][lane + 32 * d], state[t].out[i][d]);
            }
          }
        }
      });
      block.Sync();
    }
    block.Each([&](int t) {
      DEERBENCH_UNROLL
      for (int i = 0; i < kPerWarp; ++i) {
        const int row = first + t / 32 * kPerWarp + i;
        if (row >= a.queries) continue;
        const bool blind = a.media_seen && a.media_seen[row] == 0;
        DEERBENCH_UNROLL
        for (int d = 0; d < kPerLane; ++d) {
          const int column = t % 32 + 32 * d;
          if (column < dim)
            out[static_cast<size_t>(row) * a.out_stride + column] =
                blind ? 0.0f : state[t].out[i][d] / state[t].sum[i];
        }
      }
    });
  }
};

}  // namespace deerbench::cuda
