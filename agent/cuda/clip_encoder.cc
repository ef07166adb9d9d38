// CLIP's vision transformer (agent/vision_tower.h) for both pictures together, preprocessing included.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "agent/clip_preprocess.h"
#include "agent/cuda/vision.h"
#include "base/error.h"

namespace deerbench::cuda {
namespace {

// A camera's bytes on their way to normalised patches.
struct ClipCamera {
  int side = 0;                  // of the picture, pixels
  uint8_t* bytes = nullptr;      // the host's and the device's
  uint8_t* rgb = nullptr;        // (side, side, 3)
  uint8_t* stretched = nullptr;  // (side, size, 3)
  Taps taps;
};

class ClipEncoder final : public VisionEncoder {
 public:
  ClipEncoder(const AgentConfig& config, DeviceWeights& weights, Queue& queue)
      : config_(config.vision), queue_(queue), rows_(config.vision.patches() + 1) {
    const int d = config_.width, patch = config_.patch_size, patches = config_.patches();
    const int pixels = 3 * patch * patch;
    const double eps = config.layer_norm_eps;
    const std::string prefix = "vision_encoder.visual.";
    conv1_ = weights.Matrix(weights.Read(prefix + "conv1.weight", {d, 3, patch, patch}), d, pixels);
    std::vector<float> first = weights.Read(prefix + "class_embedding", {d});
    const std::vector<float> positions = weights.Read(prefix + "positional_embedding", {rows_, d});
    for (int j = 0; j < d; ++j) first[j] += positions[j];
    first_ = weights.Vector(first);
    positions_ = weights.Table(std::span(positions).subspan(d), patches, d);
    ln_pre_ = weights.ReadNorm(prefix + "ln_pre", d, true, eps);
    for (int i = 0; i < config_.layers; ++i) {
      const std::string name = fmt::format("{}transformer.resblocks.{}.", prefix, i);
      Block block;
      block.ln_1 = weights.ReadNorm(name + "ln_1", d, true, eps);
      block.in_proj = weights.Matrix(weights.Read(name + "attn.in_proj_weight", {3 * d, d}), 3 * d, d);
      block.in_proj.bias = weights.Vector(weights.Read(name + "attn.in_proj_bias", {3 * d}));
      block.out_proj = weights.ReadLinear(name + "attn.out_proj", d, d, true);
      block.ln_2 = weights.ReadNorm(name + "ln_2", d, true, eps);
      block.c_fc = weights.ReadLinear(name + "mlp.c_fc", 4 * d, d, true);
      block.c_proj = weights.ReadLinear(name + "mlp.c_proj", d, 4 * d, true);
      blocks_.push_back(block);
    }
    patches_ = MakeMatrix(queue, 2 * patches, pixels);
    embedded_ = MakeMatrix(queue, 2 * patches, d);
    x_ = MakeMatrix(queue, 2 * rows_, d);
    normed_ = MakeMatrix(queue, 2 * rows_, d);
    mixed_ = MakeMatrix(queue, 2 * rows_, d);
    qkv_ = MakeMatrix(queue, 2 * rows_, 3 * d);
    hidden_ = MakeMatrix(queue, 2 * rows_, 4 * d);
  }

  bool SetPictures(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb) override {
    const bool first = SetPicture("static", static_rgb, cameras_[0]);
    return SetPicture("gripper", gripper_rgb, cameras_[1]) || first;
  }

  void Run() override {
    const int d = config_.width, all = 2 * rows_;
    for (int i = 0; i < 2; ++i) CutPatches(cameras_[i], patches_.row(i * config_.patches()));
    queue_.Run(Product(patches_, patches_.rows, conv1_, embedded_));
    queue_.Run(AddPositionsArgs{.embedded = embedded_.data,
                                .first = first_,
                                .positions = positions_.data,
                                .pictures = 2,
                                .patches = config_.patches(),
                                .width = d,
                                .stride = x_.stride,
                                .x = x_.data});
    queue_.Run(Normalise(x_, all, ln_pre_, x_));
    const int head_dim = d / config_.heads;
    const AttentionArgs attention{.batch = 2,
                                  .heads = config_.heads,
                                  .head_dim = head_dim,
                                  .queries = rows_,
                                  .keys = rows_,
                                  .q = qkv_.data,
                                  .q_stride = qkv_.stride,
                                  .q_batch = rows_ * qkv_.stride,
                                  .k = qkv_.data + d,
                                  .v = qkv_.data + 2 * d,
                                  .k_stride = qkv_.stride,
                                  .k_batch = rows_ * qkv_.stride,
                                  .out = mixed_.data,
                                  .out_stride = mixed_.stride,
                                  .out_batch = rows_ * mixed_.stride,
                                  .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(head_dim)))};
    for (const Block& block : blocks_) {
      queue_.Run(Normalise(x_, all, block.ln_1, normed_));
      queue_.Run(Product(normed_, all, block.in_proj, qkv_));
      queue_.Run(attention);
      queue_.Run(Product(mixed_, all, block.out_proj, x_, {.residual = x_.data}));
      queue_.Run(Normalise(x_, all, block.ln_2, normed_));
      queue_.Run(Product(normed_, all, block.c_fc, hidden_, {.activation = Activation::kQuickGelu}));
      queue_.Run(Product(hidden_, all, block.c_proj, x_, {.residual = x_.data}));
    }
  }

  PictureTokens tokens(int picture) const override { return {x_, picture * rows_ + 1, config_.patches()}; }

 private:
  struct Block {
    DeviceNorm ln_1, ln_2;
    DeviceLinear in_proj, out_proj, c_fc, c_proj;  // in_proj: q, k, v
  };

  bool SetPicture(const char* name, std::span<const uint8_t> rgb, ClipCamera& camera) {
    const auto side = static_cast<int>(std::lround(std::sqrt(static_cast<double>(rgb.size()) / 3)));
    if (side < 1 || rgb.size() != static_cast<size_t>(side) * side * 3)
      Fail(fmt::format("{} picture has {} bytes, expected a square number of pixels of 3", name, rgb.size()));
    const bool changed = side != camera.side;
    if (changed) {
      camera.side = side;
      camera.bytes = queue_.MakeShared<uint8_t>(rgb.size());
      camera.rgb = queue_.Make<uint8_t>(rgb.size());
      camera.stretched = queue_.Make<uint8_t>(static_cast<size_t>(side) * config_.image_size * 3);
      camera.taps = UploadTaps(side);
    }
    std::copy(rgb.begin(), rgb.end(), camera.bytes);
    return changed;
  }

  Taps UploadTaps(int side) {
    const std::vector<BicubicTap> taps = BicubicTaps(side, config_.image_size);
    size_t most = 1;
    for (const BicubicTap& tap : taps) most = std::max(most, tap.weights.size());
    std::vector<int> first, count, weights(taps.size() * most);
    for (size_t i = 0; i < taps.size(); ++i) {
      first.push_back(taps[i].first);
      count.push_back(static_cast<int>(taps[i].weights.size()));
      std::copy(taps[i].weights.begin(), taps[i].weights.end(),
                weights.begin() + static_cast<ptrdiff_t>(i * most));
    }
    const auto put = [&](const std::vector<int>& values) {
      int* to = queue_.Make<int>(values.size());
      queue_.Upload(to, values.data(), values.size() * sizeof(int));
      return to;
    };
    return {
        .first = put(first), .count = put(count), .weights = put(weights), .taps = static_cast<int>(most)};
  }

  void CutPatches(const ClipCamera& camera, float* out) {
    const int size = config_.image_size, side = camera.side;
    queue_.Copy(camera.rgb, camera.bytes, static_cast<size_t>(side) * side * 3);
    queue_.Run(ResizeRowsArgs{.rgb = camera.rgb,
                              .height = side,
                              .width = side,
                              .out_width = size,
                              .taps = camera.taps,
                              .out = camera.stretched});
    ResizeColumnsArgs columns{.rgb = camera.stretched,
                              .width = size,
                              .taps = camera.taps,
                              .size = size,
                              .patch_size = config_.patch_size,
                              .out = out,
                              .out_stride = patches_.stride};
    std::copy_n(kClipMean, 3, columns.mean);
    std::copy_n(kClipDeviation, 3, columns.deviation);
    queue_.Run(columns);
  }

  VisionConfig config_;
  Queue& queue_;
  int rows_;  // of a picture: class token, then patches
  ClipCamera cameras_[2];
  DeviceLinear conv1_;
  const float* first_;      // class embedding with its position
  DeviceMatrix positions_;  // (patches, D)
  DeviceNorm ln_pre_;
  std::vector<Block> blocks_;
  DeviceMatrix patches_, embedded_, x_, normed_, mixed_, qkv_, hidden_;
};

}  // namespace

std::unique_ptr<VisionEncoder> MakeClipEncoder(const AgentConfig& config, DeviceWeights& weights,
                                               Queue& queue) {
  return std::make_unique<ClipEncoder>(config, weights, queue);
}

std::unique_ptr<VisionEncoder> MakeVisionEncoder(const AgentConfig& config, DeviceWeights& weights,
                                                 Queue& queue) {
  return config.vision.kind == VisionKind::kClip ? MakeClipEncoder(config, weights, queue)
                                                 : MakeConvEncoder(config, weights, queue);
}

}  // namespace deerbench::cuda
