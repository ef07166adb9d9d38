#include "agent/vision_tower.h"

#include <cmath>

namespace deerbench {

VisionBlockImpl::VisionBlockImpl(const VisionConfig& config, double eps) : heads(config.heads) {
  const int d = config.width;
  ln_1 = register_module("ln_1", NormLayer(d, eps));
  Group attn = register_module("attn", Group());
  in_proj_weight = attn->register_parameter("in_proj_weight", torch::randn({3 * d, d}) / std::sqrt(d));
  in_proj_bias = attn->register_parameter("in_proj_bias", torch::zeros({3 * d}));
  out_proj = attn->register_module("out_proj", MakeLinear(d, d, true));
  ln_2 = register_module("ln_2", NormLayer(d, eps));
  Group mlp = register_module("mlp", Group());
  c_fc = mlp->register_module("c_fc", MakeLinear(d, 4 * d, true));
  c_proj = mlp->register_module("c_proj", MakeLinear(4 * d, d, true));
}

torch::Tensor VisionBlockImpl::forward(const torch::Tensor& x) {
  const int64_t n = x.size(0), t = x.size(1), d = x.size(2), head_dim = d / heads;
  const auto split = [&](const torch::Tensor& y) { return y.view({n, t, heads, head_dim}).transpose(1, 2); };

  const auto qkv = torch::linear(ln_1(x), in_proj_weight, in_proj_bias).chunk(3, -1);
  const torch::Tensor q = split(qkv[0]) / std::sqrt(static_cast<double>(head_dim));
  const torch::Tensor attention = torch::softmax(q.matmul(split(qkv[1]).transpose(-2, -1)), -1);
  const torch::Tensor mixed = attention.matmul(split(qkv[2])).transpose(1, 2).reshape({n, t, d});
  const torch::Tensor y = x + out_proj(mixed);

  const torch::Tensor h = c_fc(ln_2(y));
  return y + c_proj(h * torch::sigmoid(1.702 * h));
}

VisionTowerImpl::VisionTowerImpl(const VisionConfig& config_in, double eps) : config(config_in) {
  const int d = config.width;
  const double scale = 1.0 / std::sqrt(d);
  class_embedding = register_parameter("class_embedding", scale * torch::randn({d}));
  positional_embedding =
      register_parameter("positional_embedding", scale * torch::randn({config.patches() + 1, d}));
  proj = register_parameter("proj", scale * torch::randn({d, config.output_dim}));
  conv1 = register_module(
      "conv1", torch::nn::Conv2d(
                   torch::nn::Conv2dOptions(3, d, config.patch_size).stride(config.patch_size).bias(false)));
  ln_pre = register_module("ln_pre", NormLayer(d, eps));
  Group transformer = register_module("transformer", Group());
  blocks = transformer->register_module("resblocks", torch::nn::ModuleList());
  for (int i = 0; i < config.layers; ++i) blocks->push_back(VisionBlock(config, eps));
  ln_post = register_module("ln_post", NormLayer(d, eps));
}

torch::Tensor VisionTowerImpl::forward(const torch::Tensor& images) {
  const torch::Tensor patches = conv1(images).flatten(2).transpose(1, 2);  // (N, v, D), row by row
  const torch::Tensor first = class_embedding.expand({patches.size(0), 1, -1});
  torch::Tensor x = ln_pre(torch::cat({first, patches}, 1) + positional_embedding);
  for (const auto& block : *blocks) x = block->as<VisionBlock>()->forward(x);
  return x.slice(1, 1);
}

}  // namespace deerbench
