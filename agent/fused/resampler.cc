#include "agent/fused/resampler.h"

#include <algorithm>

namespace deerbench::fused {

Resampler::Resampler(const AgentConfig& config, int max_tokens, WeightReader& weights)
    : config_(config.perceiver), width_(config.vision.width), latents_(config_.latents, width_) {
  const int keys = max_tokens + config_.latents;
  const MediaAttentionSize size{width_, width_, config_.heads, config_.head_dim};
  const std::vector<float> latents = weights.Read("perceiver.latents", {config_.latents, width_});
  for (int i = 0; i < config_.latents; ++i)
    std::copy_n(latents.begin() + static_cast<ptrdiff_t>(i) * width_, width_, latents_.row(i));
  for (int i = 0; i < config_.depth; ++i) {
    const std::string prefix = "perceiver.layers." + std::to_string(i);
    Layer layer;
    layer.norm_media = weights.ReadNorm(prefix + ".0.norm_media", width_, true, config.layer_norm_eps);
    layer.norm_latents = weights.ReadNorm(prefix + ".0.norm_latents", width_, true, config.layer_norm_eps);
    layer.attention = MediaAttention(prefix + ".0", size, weights);
    layer.feed_forward = FeedForward(prefix + ".1", width_, config_.ff_mult, config.layer_norm_eps, weights);
    layers_.push_back(std::move(layer));
  }
  norm_ = weights.ReadNorm("perceiver.norm", width_, true, config.layer_norm_eps);
  x_ = Matrix(config_.latents, width_);
  normed_ = Matrix(keys, width_);
  scratch_ = MediaScratch(size, config_.latents, keys);
  hidden_ = Matrix(config_.latents, config_.ff_mult * width_);
  if (layers_.front().attention.folded()) {
    layers_.front().norm_latents.Apply(latents_, config_.latents, normed_);
    first_ = layers_.front().attention.Fix(normed_, config_.latents);
  }
}

void Resampler::Run(const float* tokens, int stride, int count, Matrix& media, int first_row,
                    Workers* workers) {
  const int latents = config_.latents, keys = count + latents;
  std::copy_n(latents_.row(0), static_cast<size_t>(latents) * latents_.stride(), x_.row(0));
  for (const Layer& layer : layers_) {
    // Keys and values come from the picture's tokens and the latents themselves, each under its own norm.
    layer.norm_media.Apply(tokens, stride, count, normed_.row(0), normed_.stride());
    if (first_ && &layer == &layers_.front()) {
      layer.attention.Look(*first_, normed_, count, scratch_, workers);
    } else {
      layer.norm_latents.Apply(x_.row(0), x_.stride(), latents, normed_.row(count), normed_.stride());
      layer.attention.Look(normed_.row(count), normed_.stride(), latents, normed_, keys, scratch_, workers);
    }
    layer.attention.Add(scratch_, latents, x_, 1, workers);
    layer.feed_forward.Run(x_, latents, 1, normed_, hidden_, workers);
  }
  norm_.Apply(x_.row(0), x_.stride(), latents, media.row(first_row), media.stride());
}

uint64_t Resampler::macs(int tokens) const {
  const int latents = config_.latents;
  uint64_t total = 0;
  for (const Layer& layer : layers_)
    total += layer.attention.macs(latents, tokens + latents) + layer.feed_forward.macs(latents);
  return total;
}

size_t Resampler::bytes() const {
  size_t total = latents_.bytes() + norm_.bytes();
  for (const Layer& l : layers_) {
    total += l.norm_media.bytes() + l.norm_latents.bytes() + l.attention.bytes() + l.feed_forward.bytes();
  }
  if (first_) total += first_->bytes();
  return total;
}

}  // namespace deerbench::fused
