#include "agent/fused/attention.h"

#include <algorithm>

#include "agent/fused/matrix.h"
#include "agent/fused/tile.h"

namespace deerbench::fused {
namespace {

// Turns `count` scores (count at least 1) into weights that add up to one over the first `visible`; zeros
// follow.
void Softmax(float* scores, int visible, int stride) {
  F8 most = Splat(scores[0]);
  for (int j = 0; j < visible; j += kLanes) {
    const F8 inside = _mm256_castsi256_ps(FirstLanes(visible - j));
    most = _mm256_max_ps(most, _mm256_blendv_ps(most, Load(scores + j), inside));
  }
  const F8 top = Splat(Max(most));
  F8 sum = _mm256_setzero_ps();
  for (int j = 0; j < stride; j += kLanes) {
    const F8 inside = _mm256_castsi256_ps(FirstLanes(visible - j));
    const F8 e = _mm256_and_ps(Exp(_mm256_sub_ps(Load(scores + j), top)), inside);
    sum = _mm256_add_ps(sum, e);
    Store(scores + j, e);
  }
  const F8 scale = Splat(1.0f / Sum(sum));
  for (int j = 0; j < stride; j += kLanes) Store(scores + j, _mm256_mul_ps(Load(scores + j), scale));
}

// What the scores' tiles read: whole vectors of keys.
int KeyStride(const AttentionShape& shape) { return RoundUp(shape.keys, kLanes * 2); }

// (head_dim, KeyStride): one head's keys, of which the first begins at `k`; until the same thread's next
// call.
const float* Transpose(const AttentionShape& shape, const float* k, int k_stride) {
  thread_local Floats keys;
  const int dim = shape.head_dim, stride = KeyStride(shape);
  keys.Reserve(static_cast<size_t>(dim) * stride);
  for (int j = 0; j < shape.keys; ++j) {
    const float* key = k + static_cast<ptrdiff_t>(j) * k_stride;
    for (int i = 0; i < dim; ++i) keys[static_cast<size_t>(i) * stride + j] = key[i];
  }
  return keys.data();
}

// `keys` as Transpose makes them; `v` begins with the head's first column.
void RunHead(const AttentionShape& shape, int head, const float* q, int q_stride, const float* keys,
             const float* v, int v_stride, float* out, int out_stride) {
  thread_local Floats scores;  // (kMaxTileRows, stride)
  const int dim = shape.head_dim, stride = KeyStride(shape);
  scores.Reserve(static_cast<size_t>(kMaxTileRows) * stride);
  const F8 scale = Splat(shape.scale);
  const int offset = head * dim;
  const float* bias = shape.bias ? shape.bias + static_cast<ptrdiff_t>(head) * shape.bias_stride : nullptr;
  ForRowBlocks(shape.queries, [&]<int R>(int row) {
    const float* queries = q + static_cast<ptrdiff_t>(row) * q_stride + offset;
    const int reach = shape.causal ? row + R : shape.keys;  // keys that any of these queries sees
    const int reach_stride = RoundUp(reach, kLanes * 2);
    for (int j = 0; j < reach; j += 16) {
      F8 acc[R][2] = {};
      AccumulateTile<R>(queries, q_stride, 1, dim, keys + j, stride, acc);
      for (int r = 0; r < R; ++r) {
        for (int half = 0; half < 2; ++half) {
          const int at = j + half * 8;
          const F8 b = bias ? LoadFirst(bias + at, shape.keys - at) : _mm256_setzero_ps();
          Store(scores.data() + r * reach_stride + at, MulAdd(acc[r][half], scale, b));
        }
      }
    }
    for (int r = 0; r < R; ++r)
      Softmax(scores.data() + r * reach_stride, shape.causal ? row + r + 1 : shape.keys, reach_stride);
    for (int column = 0; column < dim; column += 16) {
      F8 acc[R][2] = {};
      AccumulateTile<R>(scores.data(), reach_stride, 1, reach, v + column, v_stride, acc);
      for (int r = 0; r < R; ++r) {
        float* to = out + static_cast<ptrdiff_t>(row + r) * out_stride + offset + column;
        for (int half = 0; half < 2 && column + half * 8 < dim; ++half) {
          const int left = dim - column - half * 8;
          if (left >= kLanes)
            Store(to + half * 8, acc[r][half]);
          else
            StoreFirst(to + half * 8, acc[r][half], left);
        }
      }
    }
  });
}

}  // namespace

void Attend(const AttentionShape& shape, const float* q, int q_stride, const float* k, int k_stride,
            const float* v, int v_stride, float* out, int out_stride, Workers* workers) {
  const float* shared = shape.shared_keys ? Transpose(shape, k, k_stride) : nullptr;
  ForEach(workers, shape.heads, [&](int head) {
    const int column = shared != nullptr ? 0 : head * shape.head_dim;
    const float* keys = shared != nullptr ? shared : Transpose(shape, k + column, k_stride);
    RunHead(shape, head, q, q_stride, keys, v + column, v_stride, out, out_stride);
  });
}

}  // namespace deerbench::fused
