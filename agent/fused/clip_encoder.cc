#include "agent/fused/clip_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "agent/fused/attention.h"
#include "base/error.h"

namespace deerbench::fused {

ClipEncoder::ClipEncoder(const AgentConfig& config, WeightReader& weights)
    : config_(config.vision),
      rows_(config.vision.patches() + 1),
      preprocessors_{ClipPreprocessor(config.vision.image_size), ClipPreprocessor(config.vision.image_size)} {
  const int d = config_.width, patch = config_.patch_size, patches = config_.patches();
  const int pixels = 3 * patch * patch;
  const double eps = config.layer_norm_eps;
  const std::string prefix = "vision_encoder.visual.";
  conv1_ = weights.Pack(weights.Read(prefix + "conv1.weight", {d, 3, patch, patch}), d, pixels);
  const std::vector<float> class_embedding = weights.Read(prefix + "class_embedding", {d});
  const std::vector<float> positions = weights.Read(prefix + "positional_embedding", {rows_, d});
  first_ = Matrix(1, d);
  position_ = Matrix(patches, d);
  for (int j = 0; j < d; ++j) first_.row(0)[j] = class_embedding[j] + positions[j];
  for (int i = 0; i < patches; ++i)
    std::copy_n(positions.begin() + static_cast<ptrdiff_t>(i + 1) * d, d, position_.row(i));
  ln_pre_ = weights.ReadNorm(prefix + "ln_pre", d, true, eps);
  for (int i = 0; i < config_.layers; ++i) {
    const std::string name = fmt::format("{}transformer.resblocks.{}.", prefix, i);
    Block block;
    block.ln_1 = weights.ReadNorm(name + "ln_1", d, true, eps);
    block.in_proj = weights.Pack(weights.Read(name + "attn.in_proj_weight", {3 * d, d}), 3 * d, d,
                                 weights.Read(name + "attn.in_proj_bias", {3 * d}));
    block.out_proj = weights.ReadLinear(name + "attn.out_proj", d, d, true);
    block.ln_2 = weights.ReadNorm(name + "ln_2", d, true, eps);
    block.c_fc = weights.ReadLinear(name + "mlp.c_fc", 4 * d, d, true);
    block.c_proj = weights.ReadLinear(name + "mlp.c_proj", d, 4 * d, true);
    blocks_.push_back(std::move(block));
  }
  pixels_ = Matrix(2 * patches, pixels);
  embedded_ = Matrix(2 * patches, d);
  x_ = Matrix(2 * rows_, d);
  normed_ = Matrix(2 * rows_, d);
  mixed_ = Matrix(2 * rows_, d);
  qkv_ = Matrix(2 * rows_, 3 * d);
  hidden_ = Matrix(2 * rows_, 4 * d);
}

void ClipEncoder::CutPatches(const char* camera, std::span<const uint8_t> rgb, int picture) {
  const auto side = static_cast<int>(std::lround(std::sqrt(static_cast<double>(rgb.size()) / 3)));
  if (side < 1 || rgb.size() != static_cast<size_t>(side) * side * 3)
    Fail(fmt::format("{} picture has {} bytes, expected a square number of pixels of 3", camera, rgb.size()));
  const int size = config_.image_size, patch = config_.patch_size, across = size / patch;
  const std::span<const float> image = preprocessors_[picture].Run(rgb, side, side);  // (3, size, size)
  for (int p = 0; p < patches(); ++p) {
    float* to = pixels_.row(picture * patches() + p);
    const float* corner =
        image.data() + static_cast<ptrdiff_t>(p / across) * patch * size + p % across * patch;
    for (int channel = 0; channel < 3; ++channel) {
      for (int y = 0; y < patch; ++y, to += patch)
        std::copy_n(corner + (static_cast<ptrdiff_t>(channel) * size + y) * size, patch, to);
    }
  }
}

void ClipEncoder::Run(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb,
                      Workers* workers) {
  CutPatches("static", static_rgb, 0);
  CutPatches("gripper", gripper_rgb, 1);
  const int d = config_.width, all = 2 * rows_;
  Multiply(pixels_, 2 * patches(), conv1_, embedded_, {}, workers);
  for (int picture = 0; picture < 2; ++picture) {
    std::copy_n(first_.row(0), d, x_.row(picture * rows_));
    for (int p = 0; p < patches(); ++p) {
      const float* from = embedded_.row(picture * patches() + p);
      float* to = x_.row(picture * rows_ + 1 + p);
      for (int j = 0; j < d; ++j) to[j] = from[j] + position_.row(p)[j];
    }
  }
  ln_pre_.Apply(x_, all, x_);
  const int head_dim = d / config_.heads;
  const AttentionShape shape{.heads = config_.heads,
                             .head_dim = head_dim,
                             .queries = rows_,
                             .keys = rows_,
                             .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(head_dim)))};
  for (const Block& block : blocks_) {
    block.ln_1.Apply(x_, all, normed_);
    Multiply(normed_, all, block.in_proj, qkv_, {}, workers);
    for (int picture = 0; picture < 2; ++picture) {
      const float* q = qkv_.row(picture * rows_);
      Attend(shape, q, qkv_.stride(), q + d, qkv_.stride(), q + 2 * d, qkv_.stride(),
             mixed_.row(picture * rows_), mixed_.stride(), workers);
    }
    Multiply(mixed_, all, block.out_proj, x_, {.residual = x_.row(0)}, workers);
    block.ln_2.Apply(x_, all, normed_);
    Multiply(normed_, all, block.c_fc, hidden_, {}, workers);
    QuickGelu(hidden_, all, workers);
    Multiply(hidden_, all, block.c_proj, x_, {.residual = x_.row(0)}, workers);
  }
}

uint64_t ClipEncoder::macs() const {
  uint64_t total = uint64_t{2} * patches() * conv1_.in() * conv1_.out();
  const uint64_t rows = rows_, d = config_.width;
  for (const Block& b : blocks_) {
    uint64_t weights = 0;
    for (const PackedWeights* w : {&b.in_proj, &b.out_proj, &b.c_fc, &b.c_proj})
      weights += uint64_t{1} * w->in() * w->out();
    total += 2 * rows * weights + 4 * rows * rows * d;
  }
  return total;
}

size_t ClipEncoder::bytes() const {
  size_t total = conv1_.bytes() + ln_pre_.bytes() + first_.bytes() + position_.bytes();
  for (const Block& b : blocks_) {
    total += b.ln_1.bytes() + b.ln_2.bytes() + b.in_proj.bytes() + b.out_proj.bytes() + b.c_fc.bytes() +
             b.c_proj.bytes();
  }
  return total;
}

}  // namespace deerbench::fused
