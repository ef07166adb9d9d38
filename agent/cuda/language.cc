#include "agent/cuda/language.h"

#include <cmath>

namespace deerbench::cuda {
namespace {

float ScoreScale(int head_dim) { return static_cast<float>(1 / std::sqrt(static_cast<double>(head_dim))); }

}  // namespace

TextWork::TextWork(const AgentConfig& config, int most_tokens, Queue& queue) : capacity(most_tokens) {
  const int d = config.language.width, media = config.MediaTokens();
  const int inner = config.cross_attention.heads * config.cross_attention.head_dim;
  media_seen = queue.Make<int>(capacity);
  alibi = queue.Make<float>(static_cast<size_t>(config.language.heads) * capacity);
  normed = MakeMatrix(queue, capacity, d);
  qkv = MakeMatrix(queue, capacity, 3 * d);
  mixed = MakeMatrix(queue, capacity, d);
  hidden = MakeMatrix(queue, capacity, config.language.mlp_ratio * d);
  cross_q = MakeMatrix(queue, capacity, inner);
  cross_kv = MakeMatrix(queue, media, 2 * inner);
  cross_mixed = MakeMatrix(queue, capacity, inner);
  cross_hidden = MakeMatrix(queue, capacity, config.cross_attention.ff_mult * d);
}

void TextWork::Set(const AgentConfig& config, const std::vector<int>& ids, Queue& queue) {
  tokens = static_cast<int>(ids.size());
  const int heads = config.language.heads;
  std::vector<int> seen;
  int count = 0;
  for (const int id : ids) seen.push_back(count += id == config.language.media_token);
  std::vector<float> bias(static_cast<size_t>(heads) * tokens);
  for (int h = 0; h < heads; ++h) {
    // The exponent is rounded to single precision first, as the official code's is.
    const double step = config.language.alibi_bias_max / heads;
    const auto slope =
        static_cast<float>(std::exp2(-static_cast<double>(static_cast<float>((h + 1) * step))));
    for (int j = 0; j < tokens; ++j)
      bias[static_cast<size_t>(h) * tokens + j] = slope * static_cast<float>(j + 1 - tokens);
  }
  queue.Upload(media_seen, seen.data(), seen.size() * sizeof(int));
  queue.Upload(alibi, bias.data(), bias.size() * sizeof(float));
}

LanguageLayer::LanguageLayer(const AgentConfig& config, int index, DeviceWeights& weights)
    : cross_config_(config.cross_attention), heads_(config.language.heads), width_(config.language.width) {
  const int d = width_, up = config.language.mlp_ratio * d;
  const double eps = config.layer_norm_eps;
  const std::string prefix = "lang_encoder.transformer.blocks." + std::to_string(index) + ".";
  if (config.HasCrossAttention(index)) {
    const int inner = cross_config_.heads * cross_config_.head_dim, media_width = config.vision.width;
    const std::string name = prefix + "gated_cross_attn_layer.";
    const auto gate = [&](const char* which) {
      return static_cast<float>(std::tanh(static_cast<double>(weights.Read(name + which, {1})[0])));
    };
    Cross cross;
    cross.norm = weights.ReadNorm(name + "attn.norm", d, true, eps);
    cross.to_q = weights.ReadLinear(name + "attn.to_q", inner, d, false);
    cross.to_kv = weights.ReadLinear(name + "attn.to_kv", 2 * inner, media_width, false);
    cross.to_out = weights.ReadLinear(name + "attn.to_out", d, inner, false);
    cross.feed_forward = FeedForward(name + "ff", d, cross_config_.ff_mult, eps, weights);
    cross.attention_gate = gate("attn_gate");
    cross.feed_forward_gate = gate("ff_gate");
    cross_ = cross;
  }
  const std::string name = prefix + "decoder_layer.";
  ln_1_ = weights.ReadNorm(name + "ln_1", d, false, eps);
  qkv_ = weights.ReadLinear(name + "attn.Wqkv", 3 * d, d, false);
  if (config.language.qk_layernorm) {
    q_ln_ = weights.ReadNorm(name + "attn.q_ln", d, false, eps);
    k_ln_ = weights.ReadNorm(name + "attn.k_ln", d, false, eps);
  }
  out_proj_ = weights.ReadLinear(name + "attn.out_proj", d, d, false);
  ln_2_ = weights.ReadNorm(name + "ln_2", d, false, eps);
  up_ = weights.ReadLinear(name + "mlp.mlp_up", up, d, false);
  down_ = weights.ReadLinear(name + "mlp.mlp_down", d, up, false);
}

void LanguageLayer::RunCross(Queue& queue, const DeviceMatrix& x, const DeviceMatrix& media,
                             const TextWork& w) const {
  const Cross& c = *cross_;
  const int inner = cross_config_.heads * cross_config_.head_dim;
  queue.Run(Normalise(x, w.tokens, c.norm, w.normed));
  queue.Run(Product(w.normed, w.tokens, c.to_q, w.cross_q));
  queue.Run(Product(media, media.rows, c.to_kv, w.cross_kv));
  queue.Run(AttentionArgs{.heads = cross_config_.heads,
                          .head_dim = cross_config_.head_dim,
                          .queries = w.tokens,
                          .keys = media.rows,
                          .q = w.cross_q.data,
                          .q_stride = w.cross_q.stride,
                          .k = w.cross_kv.data,
                          .v = w.cross_kv.data + inner,
                          .k_stride = w.cross_kv.stride,
                          .out = w.cross_mixed.data,
                          .out_stride = w.cross_mixed.stride,
                          .scale = ScoreScale(cross_config_.head_dim),
                          .media_seen = w.media_seen});
  queue.Run(Product(w.cross_mixed, w.tokens, c.to_out, x, {.residual = x.data, .scale = c.attention_gate}));
  c.feed_forward.Run(queue, x, w.tokens, c.feed_forward_gate, w.normed, w.cross_hidden);
}

void LanguageLayer::Run(Queue& queue, const DeviceMatrix& x, const DeviceMatrix& media,
                        const TextWork& w) const {
  if (cross_) RunCross(queue, x, media, w);
  const int t = w.tokens, head_dim = width_ / heads_;
  queue.Run(Normalise(x, t, ln_1_, w.normed));
  queue.Run(Product(w.normed, t, qkv_, w.qkv));
  const auto part = [&](int i) {
    return DeviceMatrix{w.qkv.data + i * width_, w.qkv.rows, width_, w.qkv.stride};
  };
  if (q_ln_) {
    queue.Run(Normalise(part(0), t, *q_ln_, part(0)));
    queue.Run(Normalise(part(1), t, *k_ln_, part(1)));
  }
  queue.Run(AttentionArgs{.heads = heads_,
                          .head_dim = head_dim,
                          .queries = t,
                          .keys = t,
                          .q = part(0).data,
                          .q_stride = w.qkv.stride,
                          .k = part(1).data,
                          .v = part(2).data,
                          .k_stride = w.qkv.stride,
                          .out = w.mixed.data,
                          .out_stride = w.mixed.stride,
                          .scale = ScoreScale(head_dim),
                          .causal = true,
                          .bias = w.alibi});
  queue.Run(Product(w.mixed, t, out_proj_, x, {.residual = x.data}));
  queue.Run(Normalise(x, t, ln_2_, w.normed));
  queue.Run(Product(w.normed, t, up_, w.hidden, {.activation = Activation::kGelu}));
  queue.Run(Product(w.hidden, t, down_, x, {.residual = x.data}));
}

}  // namespace deerbench::cuda
