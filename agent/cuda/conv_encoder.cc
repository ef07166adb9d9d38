// The convolutional vision encoder (agent/conv_encoder.h), camera by camera.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "agent/cuda/vision.h"
#include "base/error.h"

namespace deerbench::cuda {
namespace {

class ConvCamera {
 public:
  ConvCamera(const VisionConfig& vision, const ConvCameraConfig& camera, const std::string& prefix,
             DeviceWeights& weights, Queue& queue)
      : camera_(camera), queue_(queue), bytes_(size_t{3} * camera.picture_size() * camera.picture_size()) {
    int in = 3, size = camera.input_size;
    shared_ = queue.MakeShared<uint8_t>(bytes_);
    rgb_ = queue.Make<uint8_t>(bytes_);
    pictures_.push_back(queue.Make<float>(static_cast<size_t>(size) * size * in));
    halve_ = {.rgb = rgb_,
              .size = size,
              .scale = static_cast<float>(1.0 / (4 * 255 * vision.pixel_std)),
              .offset = static_cast<float>(vision.pixel_mean / vision.pixel_std),
              .out = pictures_[0]};
    for (size_t i = 0; i < camera.layers.size(); ++i) {
      const ConvLayerConfig& layer = camera.layers[i];
      const int out = layer.channels, kernel = layer.kernel, out_size = (size - 1) / layer.stride + 1;
      const std::string name = prefix + ".conv." + std::to_string(i);
      const std::vector<float> stored = weights.Read(name + ".weight", {out, in, kernel, kernel});
      std::vector<float> packed(stored.size());  // outputs side by side
      for (int o = 0; o < out; ++o) {
        for (int c = 0; c < in; ++c) {
          for (int tap = 0; tap < kernel * kernel; ++tap) {
            packed[(static_cast<size_t>(tap) * in + c) * out + o] =
                stored[(static_cast<size_t>(o) * in + c) * kernel * kernel + tap];
          }
        }
      }
      pictures_.push_back(queue.Make<float>(static_cast<size_t>(out_size) * out_size * out));
      layers_.push_back({.x = pictures_[i],
                         .size = size,
                         .in = in,
                         .out = out,
                         .kernel = kernel,
                         .stride = layer.stride,
                         .out_size = out_size,
                         .weights = weights.Vector(packed),
                         .bias = weights.Vector(weights.Read(name + ".bias", {out})),
                         .y = pictures_[i + 1]});
      size = out_size;
      in = out;
    }
    if (in > kMaxSlotChannels)
      Fail(fmt::format("vision: {} channels at the slots, expected at most {} on this backend", in,
                       kMaxSlotChannels));
    const int slots = camera.slots;
    tokens_ = MakeMatrix(queue, slots, vision.width);
    slots_ = {.features = pictures_.back(),
              .size = size,
              .channels = in,
              .slots = slots,
              .width = vision.width,
              .attention = weights.Vector(weights.Read(prefix + ".attention.weight", {slots, in, 1, 1})),
              .bias = weights.Vector(weights.Read(prefix + ".attention.bias", {slots})),
              .maps = weights.Vector(weights.Read(prefix + ".slot_weight", {slots, in + 2, vision.width})),
              .map_bias = weights.Vector(weights.Read(prefix + ".slot_bias", {slots, vision.width})),
              .scores = queue.Make<float>(static_cast<size_t>(slots) * size * size),
              .tokens = tokens_.data,
              .tokens_stride = tokens_.stride};
  }

  void Set(const char* name, std::span<const uint8_t> rgb) {
    if (rgb.size() != bytes_) {
      Fail(fmt::format("{} picture has {} bytes, expected {}: {} x {} pixels of 3", name, rgb.size(), bytes_,
                       camera_.picture_size(), camera_.picture_size()));
    }
    std::copy(rgb.begin(), rgb.end(), shared_);
  }
  void Run() {
    queue_.Copy(rgb_, shared_, bytes_);
    queue_.Run(halve_);
    for (const ConvolveArgs& layer : layers_) queue_.Run(layer);
    queue_.Run(slots_);
  }
  PictureTokens tokens() const { return {tokens_, 0, camera_.slots}; }

 private:
  ConvCameraConfig camera_;
  Queue& queue_;
  size_t bytes_;
  uint8_t *shared_, *rgb_;
  std::vector<float*> pictures_;  // input of each convolution, then the features
  HalveArgs halve_;
  std::vector<ConvolveArgs> layers_;
  SlotsArgs slots_;
  DeviceMatrix tokens_;
};

class ConvEncoder final : public VisionEncoder {
 public:
  ConvEncoder(const AgentConfig& config, DeviceWeights& weights, Queue& queue)
      : static_(config.vision, config.vision.static_camera, "vision_encoder.static", weights, queue),
        gripper_(config.vision, config.vision.gripper_camera, "vision_encoder.gripper", weights, queue) {}

  bool SetPictures(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb) override {
    static_.Set("static", static_rgb);
    gripper_.Set("gripper", gripper_rgb);
    return false;
  }
  void Run() override {
    static_.Run();
    gripper_.Run();
  }
  PictureTokens tokens(int picture) const override {
    return picture == 0 ? static_.tokens() : gripper_.tokens();
  }

 private:
  ConvCamera static_, gripper_;
};

}  // namespace

std::unique_ptr<VisionEncoder> MakeConvEncoder(const AgentConfig& config, DeviceWeights& weights,
                                               Queue& queue) {
  return std::make_unique<ConvEncoder>(config, weights, queue);
}

}  // namespace deerbench::cuda
