#include "agent/cuda/resampler.h"

#include <cmath>
#include <string>

namespace deerbench::cuda {

Resampler::Resampler(const AgentConfig& config, int pictures, int tokens, DeviceWeights& weights,
                     Queue& queue)
    : config_(config.perceiver) {
  const int width = config.vision.width, inner = config_.heads * config_.head_dim;
  const int rows = pictures * config_.latents, keys = pictures * (tokens + config_.latents);
  const std::vector<float> learnt = weights.Read("perceiver.latents", {config_.latents, width});
  std::vector<float> latents;
  for (int p = 0; p < pictures; ++p) latents.insert(latents.end(), learnt.begin(), learnt.end());
  latents_ = weights.Table(latents, rows, width);
  for (int i = 0; i < config_.depth; ++i) {
    const std::string prefix = "perceiver.layers." + std::to_string(i);
    const double eps = config.layer_norm_eps;
    Layer layer;
    layer.norm_media = weights.ReadNorm(prefix + ".0.norm_media", width, true, eps);
    layer.norm_latents = weights.ReadNorm(prefix + ".0.norm_latents", width, true, eps);
    layer.to_q = weights.ReadLinear(prefix + ".0.to_q", inner, width, false);
    layer.to_kv = weights.ReadLinear(prefix + ".0.to_kv", 2 * inner, width, false);
    layer.to_out = weights.ReadLinear(prefix + ".0.to_out", width, inner, false);
    layer.feed_forward = FeedForward(prefix + ".1", width, config_.ff_mult, eps, weights);
    layers_.push_back(layer);
  }
  norm_ = weights.ReadNorm("perceiver.norm", width, true, config.layer_norm_eps);
  x_ = MakeMatrix(queue, rows, width);
  normed_ = MakeMatrix(queue, rows, width);
  normed_keys_ = MakeMatrix(queue, keys, width);
  q_ = MakeMatrix(queue, rows, inner);
  kv_ = MakeMatrix(queue, keys, 2 * inner);
  mixed_ = MakeMatrix(queue, rows, inner);
  hidden_ = MakeMatrix(queue, rows, config_.ff_mult * width);
}

void Resampler::Run(Queue& queue, const DeviceMatrix& tokens, int first_row, int picture_rows, int pictures,
                    int count, const DeviceMatrix& media, int first_latent) const {
  const int latents = config_.latents, rows = pictures * latents, keys = count + latents;
  const int inner = config_.heads * config_.head_dim;
  queue.Copy(x_.data, latents_.data, sizeof(float) * rows * x_.stride);
  DeviceMatrix from = tokens, behind = normed_keys_;
  from.data = tokens.row(first_row);
  behind.data = normed_keys_.row(count);
  for (const Layer& layer : layers_) {
    // Keys and values come from the picture's tokens and the latents themselves, each under its own norm.
    LayerNormArgs args = Normalise(from, pictures * count, layer.norm_media, normed_keys_);
    args.group = count;
    args.x_group = picture_rows;
    args.y_group = keys;
    queue.Run(args);
    args = Normalise(x_, rows, layer.norm_latents, behind);
    args.group = latents;
    args.x_group = latents;
    args.y_group = keys;
    queue.Run(args);
    queue.Run(Normalise(x_, rows, layer.norm_latents, normed_));
    queue.Run(Product(normed_, rows, layer.to_q, q_));
    queue.Run(Product(normed_keys_, pictures * keys, layer.to_kv, kv_));
    queue.Run(
        AttentionArgs{.batch = pictures,
                      .heads = config_.heads,
                      .head_dim = config_.head_dim,
                      .queries = latents,
                      .keys = keys,
                      .q = q_.data,
                      .q_stride = q_.stride,
                      .q_batch = latents * q_.stride,
                      .k = kv_.data,
                      .v = kv_.data + inner,
                      .k_stride = kv_.stride,
                      .k_batch = keys * kv_.stride,
                      .out = mixed_.data,
                      .out_stride = mixed_.stride,
                      .out_batch = latents * mixed_.stride,
                      .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(config_.head_dim)))});
    queue.Run(Product(mixed_, rows, layer.to_out, x_, {.residual = x_.data}));
    layer.feed_forward.Run(queue, x_, rows, 1, normed_, hidden_);
  }
  DeviceMatrix to = media;
  to.data = media.row(first_latent);
  queue.Run(Normalise(x_, rows, norm_, to));
}

}  // namespace deerbench::cuda
