#include "agent/language_model.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "agent/small_attention.h"
#include "base/error.h"

namespace deerbench {
namespace {

constexpr float kMasked = std::numeric_limits<float>::lowest();

}  // namespace

GatedCrossAttentionImpl::GatedCrossAttentionImpl(const AgentConfig& config)
    : heads(config.cross_attention.heads), head_dim(config.cross_attention.head_dim) {
  const int d = config.language.width, inner = heads * head_dim;
  Group attn = register_module("attn", Group());
  norm = attn->register_module("norm", NormLayer(d, config.layer_norm_eps));
  to_q = attn->register_module("to_q", MakeLinear(d, inner, false));
  to_kv = attn->register_module("to_kv", MakeLinear(config.vision.width, 2 * inner, false));
  to_out = attn->register_module("to_out", MakeLinear(inner, d, false));
  attn_gate = register_parameter("attn_gate", torch::full({1}, config.cross_attention.gate_init));
  ff = register_module("ff", FeedForward(d, config.cross_attention.ff_mult, config.layer_norm_eps));
  ff_gate = register_parameter("ff_gate", torch::full({1}, config.cross_attention.gate_init));
}

torch::Tensor GatedCrossAttentionImpl::Attend(const torch::Tensor& x, const torch::Tensor& media,
                                              const torch::Tensor& text_time) {
  const int64_t n = x.size(0), t = x.size(1);
  const auto split = [&](const torch::Tensor& y) {
    return y.view({n, y.size(1), heads, head_dim}).transpose(1, 2);
  };
  const torch::Tensor query = to_q(norm(x));
  const auto kv = to_kv(media).chunk(2, -1);
  if (UseSmallAttention(query, kv[0], heads) && text_time.eq(1).all().item<bool>())
    return to_out(SmallAttention(query, kv[0], kv[1], heads, 1 / std::sqrt(head_dim), {}, /*causal=*/false));
  const torch::Tensor q = split(query) / std::sqrt(static_cast<double>(head_dim));
  torch::Tensor scores = q.matmul(split(kv[0]).transpose(-2, -1));  // (N, heads, T, m)
  scores = scores.masked_fill(text_time.ne(1).view({n, 1, t, 1}), kMasked);
  torch::Tensor attention = torch::softmax(scores - scores.amax(-1, true).detach(), -1);
  attention = attention.masked_fill(text_time.eq(0).view({n, 1, t, 1}), 0.0);
  return to_out(attention.matmul(split(kv[1])).transpose(1, 2).reshape({n, t, heads * head_dim}));
}

torch::Tensor GatedCrossAttentionImpl::forward(const torch::Tensor& x, const torch::Tensor& media,
                                               const torch::Tensor& text_time) {
  const torch::Tensor y = torch::tanh(attn_gate) * Attend(x, media, text_time) + x;
  return torch::tanh(ff_gate) * ff(y) + y;
}

DecoderLayerImpl::DecoderLayerImpl(const LanguageConfig& config, double eps) : heads(config.heads) {
  const int d = config.width;
  ln_1 = register_module("ln_1", NormLayer(d, eps, false));
  Group attn = register_module("attn", Group());
  Wqkv = attn->register_module("Wqkv", MakeLinear(d, 3 * d, false));
  if (config.qk_layernorm) {
    q_ln = attn->register_module("q_ln", NormLayer(d, eps, false));
    k_ln = attn->register_module("k_ln", NormLayer(d, eps, false));
  }
  out_proj = attn->register_module("out_proj", MakeLinear(d, d, false));
  ln_2 = register_module("ln_2", NormLayer(d, eps, false));
  Group mlp = register_module("mlp", Group());
  mlp_up = mlp->register_module("mlp_up", MakeLinear(d, config.mlp_ratio * d, false));
  mlp_down = mlp->register_module("mlp_down", MakeLinear(config.mlp_ratio * d, d, false));
}

torch::Tensor DecoderLayerImpl::forward(const torch::Tensor& x, const TextContext& context) {
  const int64_t n = x.size(0), t = x.size(1), d = x.size(2), head_dim = d / heads;
  const auto split = [&](const torch::Tensor& y) { return y.view({n, t, heads, head_dim}).transpose(1, 2); };

  const auto qkv = Wqkv(ln_1(x)).chunk(3, -1);
  const torch::Tensor q = q_ln ? q_ln(qkv[0]) : qkv[0];
  const torch::Tensor k = k_ln ? k_ln(qkv[1]) : qkv[1].contiguous();
  if (UseSmallAttention(q, k, heads)) {
    const torch::Tensor mixed = SmallAttention(q, k, qkv[2], heads, 1 / std::sqrt(head_dim),
                                               context.attention_bias.squeeze(2), /*causal=*/true);
    const torch::Tensor y = x + out_proj(mixed);
    return y + mlp_down(torch::gelu(mlp_up(ln_2(y))));
  }
  torch::Tensor scores =
      split(q.contiguous()).matmul(split(k).transpose(-2, -1)) / std::sqrt(static_cast<double>(head_dim));
  scores = (scores + context.attention_bias).masked_fill(context.causal_mask, kMasked);
  const torch::Tensor mixed =
      torch::softmax(scores, -1).matmul(split(qkv[2].contiguous())).transpose(1, 2).reshape({n, t, d});
  const torch::Tensor y = x + out_proj(mixed);
  return y + mlp_down(torch::gelu(mlp_up(ln_2(y))));
}

FlamingoLayerImpl::FlamingoLayerImpl(const AgentConfig& config, bool cross_attention) {
  if (cross_attention) {
    gated_cross_attn_layer = register_module("gated_cross_attn_layer", GatedCrossAttention(config));
  }
  decoder_layer = register_module("decoder_layer", DecoderLayer(config.language, config.layer_norm_eps));
}

torch::Tensor FlamingoLayerImpl::forward(const torch::Tensor& x, const torch::Tensor& media,
                                         const TextContext& context) {
  const torch::Tensor y = gated_cross_attn_layer ? gated_cross_attn_layer(x, media, context.text_time) : x;
  return decoder_layer(y, context);
}

LanguageModelImpl::LanguageModelImpl(const AgentConfig& config_in, int layer_count) : config(config_in) {
  const int total = config.language.layers;
  if (layer_count < 0 || layer_count > total)
    Fail(fmt::format("language model: {} layers asked for, expected 0 to {}", layer_count, total));
  Group transformer = register_module("transformer", Group());
  wte = transformer->register_module("wte",
                                     torch::nn::Embedding(config.language.vocab_size, config.language.width));
  auto blocks = transformer->register_module("blocks", torch::nn::ModuleList());
  for (int i = 0; i < (layer_count ? layer_count : total); ++i) {
    layers.emplace_back(config, config.HasCrossAttention(i));
    blocks->push_back(layers.back());
  }
  ln_f = transformer->register_module("ln_f", NormLayer(config.language.width, config.layer_norm_eps, false));
}

TextContext LanguageModelImpl::MakeContext(const torch::Tensor& ids, const torch::Tensor& mask) const {
  const int64_t t = ids.size(1), h = config.language.heads;
  TextContext context;
  context.text_time = ids.eq(config.language.media_token).cumsum(1);
  const torch::Tensor head = torch::arange(1, h + 1, torch::kFloat32);
  const torch::Tensor slope =
      torch::pow(2.0, -(head * (config.language.alibi_bias_max / h))).view({1, h, 1, 1});
  const torch::Tensor position = torch::arange(1 - t, 1, torch::kFloat32).view({1, 1, 1, t});
  context.attention_bias =
      (slope * position).to(ids.device()).masked_fill(mask.eq(0).view({mask.size(0), 1, 1, t}), kMasked);
  context.causal_mask = torch::ones({t, t}, torch::TensorOptions(torch::kBool).device(ids.device())).triu(1);
  return context;
}

torch::Tensor LanguageModelImpl::Embed(const torch::Tensor& ids) { return wte(ids); }

torch::Tensor LanguageModelImpl::RunLayer(int index, const torch::Tensor& x, const torch::Tensor& media,
                                          const TextContext& context) {
  return layers[index](x, media, context);
}

}  // namespace deerbench
