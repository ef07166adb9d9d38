#include "agent/perceiver.h"

#include <cmath>

#include "agent/small_attention.h"

namespace deerbench {

FeedForwardImpl::FeedForwardImpl(int width, int mult, double eps) {
  norm = register_module("0", NormLayer(width, eps));
  up = register_module("1", MakeLinear(width, mult * width, false));
  down = register_module("3", MakeLinear(mult * width, width, false));
}

torch::Tensor FeedForwardImpl::forward(const torch::Tensor& x) { return down(torch::gelu(up(norm(x)))); }

PerceiverAttentionImpl::PerceiverAttentionImpl(const PerceiverConfig& config, int width, double eps)
    : heads(config.heads), head_dim(config.head_dim) {
  const int inner = heads * head_dim;
  norm_media = register_module("norm_media", NormLayer(width, eps));
  norm_latents = register_module("norm_latents", NormLayer(width, eps));
  to_q = register_module("to_q", MakeLinear(width, inner, false));
  to_kv = register_module("to_kv", MakeLinear(width, 2 * inner, false));
  to_out = register_module("to_out", MakeLinear(inner, width, false));
}

torch::Tensor PerceiverAttentionImpl::forward(const torch::Tensor& tokens, const torch::Tensor& latents) {
  const int64_t n = latents.size(0), l = latents.size(1);
  const auto split = [&](const torch::Tensor& y) {
    return y.view({n, y.size(1), heads, head_dim}).transpose(1, 2);
  };
  const torch::Tensor normed = norm_latents(latents);
  const torch::Tensor query = to_q(normed);
  const auto kv = to_kv(torch::cat({norm_media(tokens), normed}, 1)).chunk(2, -1);
  if (UseSmallAttention(query, kv[0], heads))
    return to_out(SmallAttention(query, kv[0], kv[1], heads, 1 / std::sqrt(head_dim), {}, /*causal=*/false));
  const torch::Tensor q = split(query) / std::sqrt(static_cast<double>(head_dim));
  const torch::Tensor attention = torch::softmax(q.matmul(split(kv[0]).transpose(-2, -1)), -1);
  return to_out(attention.matmul(split(kv[1])).transpose(1, 2).reshape({n, l, heads * head_dim}));
}

PerceiverResamplerImpl::PerceiverResamplerImpl(const PerceiverConfig& config, int width, double eps) {
  latents = register_parameter("latents", torch::randn({config.latents, width}));
  auto layers = register_module("layers", torch::nn::ModuleList());
  for (int i = 0; i < config.depth; ++i) {
    auto layer = torch::nn::ModuleList();
    attentions.emplace_back(config, width, eps);
    feed_forwards.emplace_back(width, config.ff_mult, eps);
    layer->push_back(attentions.back());
    layer->push_back(feed_forwards.back());
    layers->push_back(layer);
  }
  norm = register_module("norm", NormLayer(width, eps));
}

torch::Tensor PerceiverResamplerImpl::forward(const torch::Tensor& tokens) {
  torch::Tensor x = latents.unsqueeze(0).expand({tokens.size(0), -1, -1});
  for (size_t i = 0; i < attentions.size(); ++i) {
    x = attentions[i](tokens, x) + x;
    x = feed_forwards[i](x) + x;
  }
  return norm(x);
}

}  // namespace deerbench
