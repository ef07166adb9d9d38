// Softmax attention of a few queries over a few keys.
#pragma once

#include "agent/fused/matrix.h"
#include "agent/fused/workers.h"

namespace deerbench::fused {

// What queries have seen of keys that came before: e^(score - most) in place of the softmax's weights.
struct Attended {
  Attended() = default;
  Attended(int queries, int heads, int head_dim)
      : most(queries, heads), sum(queries, heads), values(queries, heads * head_dim) {}
  Matrix most;    // (queries, heads): the largest score
  Matrix sum;     // (queries, heads): of the weights
  Matrix values;  // (queries, heads * head_dim): weighted sum
};

// Heads lie side by side: head h uses columns h * head_dim onwards of every operand, of keys and values the
// first head_dim if they are shared.
struct AttentionShape {
  int heads = 1;
  int head_dim = 8;
  int queries = 0;
  int keys = 0;
  bool causal = false;          // query i sees keys 0 to i; needs queries == keys
  const float* bias = nullptr;  // added to the scores: (heads, bias_stride), by key
  int bias_stride = 0;
  float scale = 1;                   // of the scores, before the bias
  bool shared_keys = false;          // all heads look at the same keys and values
  const Attended* before = nullptr;  // of keys that the softmax takes in too; not with `causal`
};

// out_i = sum over keys j of softmax_j(scale * q_i . k_j + bias_j) v_j for each head. Rows of q, k and v are
// `..._stride` floats apart; up to 7 floats behind a row are read, none are used. Writes heads * head_dim
// columns. The number of workers changes no bit.
void Attend(const AttentionShape& shape, const float* q, int q_stride, const float* k, int k_stride,
            const float* v, int v_stride, float* out, int out_stride, Workers* workers = nullptr);

}  // namespace deerbench::fused
