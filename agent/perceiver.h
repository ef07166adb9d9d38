// Perceiver resampler (Flamingo; open_flamingo helpers): a fixed number of latents a picture.
#pragma once

#include <torch/torch.h>

#include "agent/config.h"
#include "agent/torch_modules.h"

namespace deerbench {

// LayerNorm, Linear, GELU, Linear: Flamingo's feed-forward, parameters `0`, `1`, `3`.
struct FeedForwardImpl : torch::nn::Module {
  FeedForwardImpl(int width, int mult, double eps);
  torch::Tensor forward(const torch::Tensor& x);

  NormLayer norm{nullptr};
  torch::nn::Linear up{nullptr}, down{nullptr};
};
TORCH_MODULE(FeedForward);

// Latents attend to the picture's tokens and to themselves.
struct PerceiverAttentionImpl : torch::nn::Module {
  PerceiverAttentionImpl(const PerceiverConfig& config, int width, double eps);
  // tokens (N, v, D), latents (N, l, D) -> (N, l, D)
  torch::Tensor forward(const torch::Tensor& tokens, const torch::Tensor& latents);

  int heads, head_dim;
  NormLayer norm_media{nullptr}, norm_latents{nullptr};
  torch::nn::Linear to_q{nullptr}, to_kv{nullptr}, to_out{nullptr};
};
TORCH_MODULE(PerceiverAttention);

struct PerceiverResamplerImpl : torch::nn::Module {
  PerceiverResamplerImpl(const PerceiverConfig& config, int width, double eps);
  torch::Tensor forward(const torch::Tensor& tokens);  // (N, v, D) -> (N, latents, D)

  torch::Tensor latents;  // (latents, D)
  std::vector<PerceiverAttention> attentions;
  std::vector<FeedForward> feed_forwards;
  NormLayer norm{nullptr};
};
TORCH_MODULE(PerceiverResampler);

}  // namespace deerbench
