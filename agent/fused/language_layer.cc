#include "agent/fused/language_layer.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace deerbench::fused {
namespace {

MediaAttentionSize CrossSize(const AgentConfig& config) {
  return {config.language.width, config.vision.width, config.cross_attention.heads,
          config.cross_attention.head_dim};
}

}  // namespace

TextWork::TextWork(const AgentConfig& config, const std::vector<int>& ids)
    : tokens(static_cast<int>(ids.size())) {
  const int d = config.language.width, heads = config.language.heads, media = config.MediaTokens();
  int time = 0;
  for (const int id : ids) text_time.push_back(time += id == config.language.media_token);
  alibi = Floats(static_cast<size_t>(heads) * tokens);
  for (int h = 0; h < heads; ++h) {
    const double step = config.language.alibi_bias_max / heads;
    const auto slope =
        static_cast<float>(std::exp2(-static_cast<double>(static_cast<float>((h + 1) * step))));
    for (int j = 0; j < tokens; ++j)
      alibi[static_cast<size_t>(h) * tokens + j] = slope * static_cast<float>(j + 1 - tokens);
  }
  normed = Matrix(tokens, d);
  q = Matrix(tokens, d);
  k = Matrix(tokens, d);
  v = Matrix(tokens, d);
  mixed = Matrix(tokens, d);
  hidden = Matrix(tokens, config.language.mlp_ratio * d);
  cross = MediaScratch(CrossSize(config), tokens, media);
  cross_hidden = Matrix(tokens, config.cross_attention.ff_mult * d);
}

LanguageLayer::LanguageLayer(const AgentConfig& config, int index, WeightReader& weights)
    : heads_(config.language.heads), width_(config.language.width) {
  const int d = width_, up = config.language.mlp_ratio * d;
  const double eps = config.layer_norm_eps;
  const std::string prefix = "lang_encoder.transformer.blocks." + std::to_string(index) + ".";
  if (config.HasCrossAttention(index)) {
    const std::string name = prefix + "gated_cross_attn_layer.";
    Cross cross;
    cross.norm = weights.ReadNorm(name + "attn.norm", d, true, eps);
    cross.attention = MediaAttention(name + "attn", CrossSize(config), weights);
    cross.feed_forward = FeedForward(name + "ff", d, config.cross_attention.ff_mult, eps, weights);
    cross.attention_gate =
        static_cast<float>(std::tanh(static_cast<double>(weights.Read(name + "attn_gate", {1})[0])));
    cross.feed_forward_gate =
        static_cast<float>(std::tanh(static_cast<double>(weights.Read(name + "ff_gate", {1})[0])));
    cross_ = std::move(cross);
  }
  const std::string name = prefix + "decoder_layer.";
  ln_1_ = weights.ReadNorm(name + "ln_1", d, false, eps);
  const std::vector<float> qkv = weights.Read(name + "attn.Wqkv.weight", {3 * d, d});
  const size_t third = qkv.size() / 3;
  to_q_ = weights.Pack(std::span(qkv).first(third), d, d);
  to_k_ = weights.Pack(std::span(qkv).subspan(third, third), d, d);
  to_v_ = weights.Pack(std::span(qkv).last(third), d, d);
  if (config.language.qk_layernorm) {
    q_ln_ = weights.ReadNorm(name + "attn.q_ln", d, false, eps);
    k_ln_ = weights.ReadNorm(name + "attn.k_ln", d, false, eps);
  }
  out_proj_ = weights.ReadLinear(name + "attn.out_proj", d, d, false);
  ln_2_ = weights.ReadNorm(name + "ln_2", d, false, eps);
  up_ = weights.ReadLinear(name + "mlp.mlp_up", up, d, false);
  down_ = weights.ReadLinear(name + "mlp.mlp_down", d, up, false);
}

void LanguageLayer::RunCross(Matrix& x, const Matrix& media, TextWork& w, Workers* workers) const {
  const Cross& c = *cross_;
  const int t = w.tokens, m = media.rows();
  c.norm.Apply(x, t, w.normed);
  c.attention.Look(w.normed.row(0), w.normed.stride(), t, media, m, w.cross, workers);
  for (int i = 0; i < t; ++i) {
    // Nothing to see before the first medium; all alike behind a second one, of which there is only one.
    if (w.text_time[i] == 0) std::fill_n(w.cross.seen.row(i), w.cross.seen.width(), 0.0f);
    if (w.text_time[i] > 1) c.attention.SeeAllAlike(i, media, m, w.cross);
  }
  c.attention.Add(w.cross, t, x, c.attention_gate, workers);
  c.feed_forward.Run(x, t, c.feed_forward_gate, w.normed, w.cross_hidden, workers);
}

void LanguageLayer::RunDecoder(Matrix& x, TextWork& w, Workers* workers) const {
  const int t = w.tokens, head_dim = width_ / heads_;
  ln_1_.Apply(x, t, w.normed);
  Multiply(w.normed, t, to_q_, w.q, {}, workers);
  Multiply(w.normed, t, to_k_, w.k, {}, workers);
  Multiply(w.normed, t, to_v_, w.v, {}, workers);
  if (q_ln_) {
    q_ln_->Apply(w.q, t, w.q);
    k_ln_->Apply(w.k, t, w.k);
  }
  const AttentionShape shape{.heads = heads_,
                             .head_dim = head_dim,
                             .queries = t,
                             .keys = t,
                             .causal = true,
                             .bias = w.alibi.data(),
                             .bias_stride = t,
                             .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(head_dim)))};
  Attend(shape, w.q.row(0), w.q.stride(), w.k.row(0), w.k.stride(), w.v.row(0), w.v.stride(), w.mixed.row(0),
         w.mixed.stride(), workers);
  Multiply(w.mixed, t, out_proj_, x, {.residual = x.row(0)}, workers);
  ln_2_.Apply(x, t, w.normed);
  Multiply(w.normed, t, up_, w.hidden, {}, workers);
  Gelu(w.hidden, t, workers);
  Multiply(w.hidden, t, down_, x, {.residual = x.row(0)}, workers);
}

void LanguageLayer::Run(Matrix& x, const Matrix& media, TextWork& work, Workers* workers) const {
  if (cross_) RunCross(x, media, work, workers);
  RunDecoder(x, work, workers);
}

uint64_t LanguageLayer::macs(int tokens, int media) const {
  const uint64_t t = tokens, d = width_;
  uint64_t total = 4 * t * d * d + 2 * t * t * d + 2 * t * d * up_.out();
  if (cross_) {
    total += cross_->attention.macs(tokens, media) + cross_->feed_forward.macs(tokens);
  }
  return total;
}

size_t LanguageLayer::bytes() const {
  size_t total = ln_1_.bytes() + ln_2_.bytes() + to_q_.bytes() + to_k_.bytes() + to_v_.bytes() +
                 out_proj_.bytes() + up_.bytes() + down_.bytes();
  if (q_ln_) total += q_ln_->bytes() + k_ln_->bytes();
  if (cross_) {
    total += cross_->norm.bytes() + cross_->attention.bytes() + cross_->feed_forward.bytes();
  }
  return total;
}

}  // namespace deerbench::fused
