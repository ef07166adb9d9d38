// Small helpers for modules whose parameter names follow a published checkpoint.
#pragma once

#include <torch/torch.h>

namespace deerbench {

// y = layer_norm(x) over the last dimension; without a bias where `bias` is undefined.
inline torch::Tensor LayerNorm(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                               double eps) {
  return torch::layer_norm(x, {x.size(-1)}, weight, bias, eps);
}

// LayerNorm parameters `weight` and, if `with_bias`, `bias`.
struct NormLayerImpl : torch::nn::Module {
  NormLayerImpl(int width, double eps_in, bool with_bias = true) : eps(eps_in) {
    weight = register_parameter("weight", torch::ones({width}));
    if (with_bias) bias = register_parameter("bias", torch::zeros({width}));
  }
  torch::Tensor forward(const torch::Tensor& x) { return LayerNorm(x, weight, bias, eps); }

  double eps;
  torch::Tensor weight, bias;  // (width)
};
TORCH_MODULE(NormLayer);

inline torch::nn::Linear MakeLinear(int in, int out, bool bias) {
  return torch::nn::Linear(torch::nn::LinearOptions(in, out).bias(bias));
}

// A module that only gives its children a name: what a checkpoint calls `transformer`, `mlp`, `rnn`.
struct GroupImpl : torch::nn::Module {};
TORCH_MODULE(Group);

}  // namespace deerbench
