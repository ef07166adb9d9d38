// Attention over few tokens with a backward pass, on the CPU, in one pass over the data: a chain of batched
// products, masks and a softmax spends most of its time between operations at this size.
#pragma once

#include <torch/torch.h>

namespace deerbench {

// q (N, T, heads * e), k and v (N, M, heads * e), any strides with dense rows of float32 on the CPU; e
// divides by 8. key_bias: undefined or (N or 1, heads, M), added to the scores; needs no gradient. `causal`:
// token t sees keys up to t. softmax(scale q k^T + bias) v: (N, T, heads * e). Needs at most 64 keys.
torch::Tensor SmallAttention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                             int heads, double scale, const torch::Tensor& key_bias, bool causal);

// Whether to use it: while gradients are recorded and it takes these shapes. Inference keeps to plain
// operations, which are what costs are counted by.
bool UseSmallAttention(const torch::Tensor& q, const torch::Tensor& k, int heads);

}  // namespace deerbench
