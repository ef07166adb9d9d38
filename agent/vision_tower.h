// Vision encoder: CLIP's vision transformer up to its patch tokens (open_clip VisionTransformer, openai
// weights).
#pragma once

#include <torch/torch.h>

#include "agent/config.h"
#include "agent/torch_modules.h"

namespace deerbench {

// One pre-norm transformer block with the packed projections of torch's MultiheadAttention and QuickGELU.
struct VisionBlockImpl : torch::nn::Module {
  VisionBlockImpl(const VisionConfig& config, double eps);
  torch::Tensor forward(const torch::Tensor& x);  // (N, 1 + v, D) -> same

  int heads;
  NormLayer ln_1{nullptr}, ln_2{nullptr};
  torch::Tensor in_proj_weight, in_proj_bias;  // (3 D, D), (3 D): q, k, v
  torch::nn::Linear out_proj{nullptr}, c_fc{nullptr}, c_proj{nullptr};
};
TORCH_MODULE(VisionBlock);

struct VisionTowerImpl : torch::nn::Module {
  VisionTowerImpl(const VisionConfig& config, double eps);
  // (N, 3, S, S) normalised pictures -> (N, v, D) patch tokens: no class token, no final norm, no projection.
  torch::Tensor forward(const torch::Tensor& images);

  VisionConfig config;
  torch::Tensor class_embedding;       // (D)
  torch::Tensor positional_embedding;  // (1 + v, D)
  torch::Tensor proj;                  // (D, output_dim), carried along unused
  torch::nn::Conv2d conv1{nullptr};    // kernel = stride = patch
  NormLayer ln_pre{nullptr}, ln_post{nullptr};
  torch::nn::ModuleList blocks;
};
TORCH_MODULE(VisionTower);

}  // namespace deerbench
