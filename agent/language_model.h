// Language model: MPT blocks with Flamingo's gated cross-attention before them (mosaic_gpt, open_flamingo).
#pragma once

#include <torch/torch.h>

#include <vector>

#include "agent/config.h"
#include "agent/perceiver.h"
#include "agent/torch_modules.h"

namespace deerbench {

// What every layer of one forward pass shares.
struct TextContext {
  torch::Tensor text_time;       // (N, T) how many media tokens stand at or before each token
  torch::Tensor attention_bias;  // (N or 1, heads, 1, T) ALiBi by key position, float minimum at padding
  torch::Tensor causal_mask;     // (T, T) true above the diagonal
};

// Tokens attend to the picture latents; its output and its feed-forward pass through tanh gates (at first
// the config's gate_init).
struct GatedCrossAttentionImpl : torch::nn::Module {
  GatedCrossAttentionImpl(const AgentConfig& config);
  // x (N, T, d), media (N, m, D) -> (N, T, d)
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& media, const torch::Tensor& text_time);
  // The attention alone, before its gate. A token that no medium precedes gets zeros; one behind a second
  // medium (of which there is only one) attends to all latents alike.
  torch::Tensor Attend(const torch::Tensor& x, const torch::Tensor& media, const torch::Tensor& text_time);

  int heads, head_dim;
  NormLayer norm{nullptr};
  torch::nn::Linear to_q{nullptr}, to_kv{nullptr}, to_out{nullptr};
  torch::Tensor attn_gate, ff_gate;  // (1)
  FeedForward ff{nullptr};
};
TORCH_MODULE(GatedCrossAttention);

// MPT's decoder layer: no biases anywhere, queries and keys normalised over the full width.
struct DecoderLayerImpl : torch::nn::Module {
  DecoderLayerImpl(const LanguageConfig& config, double eps);
  torch::Tensor forward(const torch::Tensor& x, const TextContext& context);  // (N, T, d) -> same

  int heads;
  NormLayer ln_1{nullptr}, ln_2{nullptr}, q_ln{nullptr},
      k_ln{nullptr};  // q_ln, k_ln null without qk_layernorm
  torch::nn::Linear Wqkv{nullptr}, out_proj{nullptr}, mlp_up{nullptr}, mlp_down{nullptr};
};
TORCH_MODULE(DecoderLayer);

// One layer as exits count them: cross-attention, where the layer has it, then the decoder layer.
struct FlamingoLayerImpl : torch::nn::Module {
  FlamingoLayerImpl(const AgentConfig& config, bool cross_attention);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& media, const TextContext& context);

  GatedCrossAttention gated_cross_attn_layer{nullptr};
  DecoderLayer decoder_layer{nullptr};
};
TORCH_MODULE(FlamingoLayer);

struct LanguageModelImpl : torch::nn::Module {
  // `layers`: how many of the first to build, 0 for all.
  explicit LanguageModelImpl(const AgentConfig& config, int layers = 0);

  // ids and mask (N, T), mask 1 at real tokens.
  TextContext MakeContext(const torch::Tensor& ids, const torch::Tensor& mask) const;
  torch::Tensor Embed(const torch::Tensor& ids);  // (N, T) -> (N, T, d)
  // Output of layer `index` from that of the layer before (Embed's for layer 0). No final norm is ever
  // applied.
  torch::Tensor RunLayer(int index, const torch::Tensor& x, const torch::Tensor& media,
                         const TextContext& context);

  AgentConfig config;
  torch::nn::Embedding wte{nullptr};
  std::vector<FlamingoLayer> layers;
  NormLayer ln_f{nullptr};  // in the checkpoint, unused
};
TORCH_MODULE(LanguageModel);

}  // namespace deerbench
