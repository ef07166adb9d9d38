#include "agent/fused/attention.h"

#include <algorithm>

#include "agent/fused/matrix.h"
#include "agent/fused/tile.h"

namespace deerbench::fused {
namespace {

// The largest of the first `visible` scores (at least 1).
float Largest(const float* scores, int visible) {
  F8 most = Splat(scores[0]);
  const int whole = visible / kLanes * kLanes;
  for (int j = 0; j < whole; j += kLanes) most = _mm256_max_ps(most, Load(scores + j));
  if (whole < visible) {
    const F8 inside = _mm256_castsi256_ps(FirstLanes(visible - whole));
    most = _mm256_max_ps(most, _mm256_blendv_ps(most, Load(scores + whole), inside));
  }
  return Max(most);
}

float ExpOf(float x) { return _mm256_cvtss_f32(Exp(Splat(x))); }

// Up to a vector of which the first `left` lanes are wanted.
[[gnu::always_inline]] inline void StoreWanted(float* to, F8 value, int left) {
  if (left >= kLanes)
    Store(to, value);
  else
    StoreFirst(to, value, left);
}

// Turns scores into weights that add up to one over the first `visible` (at least 1); zeros follow. Of what
// was seen `before` (may be null) by this query and head, returns what its values are to be multiplied with,
// and takes it in the sum.
float Softmax(float* scores, int visible, int stride, const Attended* before, int query, int head) {
  float top = Largest(scores, visible);
  if (before != nullptr) top = std::max(top, before->most.row(query)[head]);
  const F8 most = Splat(top);
  const int whole = visible / kLanes * kLanes;
  F8 sum = _mm256_setzero_ps();
  for (int j = 0; j < whole; j += kLanes) {
    const F8 e = Exp(_mm256_sub_ps(Load(scores + j), most));
    sum = _mm256_add_ps(sum, e);
    Store(scores + j, e);
  }
  if (whole < visible) {
    const F8 inside = _mm256_castsi256_ps(FirstLanes(visible - whole));
    const F8 e = _mm256_and_ps(Exp(_mm256_sub_ps(Load(scores + whole), most)), inside);
    sum = _mm256_add_ps(sum, e);
    Store(scores + whole, e);
  }
  const int weights = RoundUp(visible, kLanes);
  for (int j = weights; j < stride; j += kLanes) Store(scores + j, _mm256_setzero_ps());
  const float earlier = before ? ExpOf(before->most.row(query)[head] - top) : 0;
  const float total = before ? Sum(sum) + earlier * before->sum.row(query)[head] : Sum(sum);
  const float inverse = 1.0f / total;
  const F8 scale = Splat(inverse);
  for (int j = 0; j < weights; j += kLanes) Store(scores + j, _mm256_mul_ps(Load(scores + j), scale));
  return earlier * inverse;
}

// What the scores' tiles read: whole vectors of keys.
int KeyStride(const AttentionShape& shape) { return RoundUp(shape.keys, kLanes * 2); }

// (head_dim, KeyStride): one head's keys, of which the first begins at `k`; until the same thread's next
// call.
const float* Transpose(const AttentionShape& shape, const float* k, int k_stride) {
  thread_local Floats keys;
  const int dim = shape.head_dim, stride = KeyStride(shape);
  keys.Reserve(static_cast<size_t>(dim) * stride);
  const int whole_keys = shape.keys / 4 * 4, whole_dim = dim / 4 * 4;
  for (int j = 0; j < whole_keys; j += 4) {
    const float* key = k + static_cast<ptrdiff_t>(j) * k_stride;
    for (int i = 0; i < whole_dim; i += 4) {
      __m128 a = _mm_loadu_ps(key + i), b = _mm_loadu_ps(key + k_stride + i),
             c = _mm_loadu_ps(key + 2 * k_stride + i), d = _mm_loadu_ps(key + 3 * k_stride + i);
      _MM_TRANSPOSE4_PS(a, b, c, d);
      float* to = keys.data() + static_cast<ptrdiff_t>(i) * stride + j;
      _mm_storeu_ps(to, a);
      _mm_storeu_ps(to + stride, b);
      _mm_storeu_ps(to + 2 * stride, c);
      _mm_storeu_ps(to + 3 * stride, d);
    }
  }
  for (int j = 0; j < shape.keys; ++j) {
    const float* key = k + static_cast<ptrdiff_t>(j) * k_stride;
    for (int i = j < whole_keys ? whole_dim : 0; i < dim; ++i)
      keys[static_cast<size_t>(i) * stride + j] = key[i];
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
  const Attended* before = shape.before;
  const int offset = head * dim;
  const float* bias = shape.bias ? shape.bias + static_cast<ptrdiff_t>(head) * shape.bias_stride : nullptr;
  ForRowBlocks(shape.queries, [&]<int R>(int row) {
    const float* queries = q + static_cast<ptrdiff_t>(row) * q_stride + offset;
    const int reach = shape.causal ? row + R : shape.keys;  // keys that any of these queries sees
    const int reach_stride = RoundUp(reach, kLanes * 2);
    for (int j = 0; j < reach; j += 16) {
      F8 acc[R][2] = {};
      AccumulateTile<R>(queries, q_stride, 1, dim, keys + j, stride, acc);
      const F8 bias0 = bias ? LoadFirst(bias + j, shape.keys - j) : _mm256_setzero_ps();
      const F8 bias1 = bias ? LoadFirst(bias + j + 8, shape.keys - j - 8) : _mm256_setzero_ps();
#pragma GCC unroll 6
      for (int r = 0; r < R; ++r) {
        Store(scores.data() + r * reach_stride + j, MulAdd(acc[r][0], scale, bias0));
        Store(scores.data() + r * reach_stride + j + 8, MulAdd(acc[r][1], scale, bias1));
      }
    }
    float earlier[R];
    for (int r = 0; r < R; ++r) {
      earlier[r] = Softmax(scores.data() + r * reach_stride, shape.causal ? row + r + 1 : shape.keys,
                           reach_stride, before, row + r, head);
    }
    for (int column = 0; column < dim; column += 16) {
      const int left = dim - column;
      F8 acc[R][2] = {};
      if (before != nullptr) {
#pragma GCC unroll 6
        for (int r = 0; r < R; ++r) {
          const float* values = before->values.row(row + r) + offset + column;
          const F8 weight = Splat(earlier[r]);
          acc[r][0] = _mm256_mul_ps(weight, LoadFirst(values, left));
          acc[r][1] = _mm256_mul_ps(weight, LoadFirst(values + 8, left - 8));
        }
      }
      AccumulateTile<R>(scores.data(), reach_stride, 1, reach, v + column, v_stride, acc);
#pragma GCC unroll 6
      for (int r = 0; r < R; ++r) {
        float* to = out + static_cast<ptrdiff_t>(row + r) * out_stride + offset + column;
        StoreWanted(to, acc[r][0], left);
        if (left > kLanes) StoreWanted(to + 8, acc[r][1], left - 8);
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
