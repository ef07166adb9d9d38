#include "agent/conv_encoder.h"

#include <cmath>
#include <string>

#include "agent/preprocess.h"
#include "agent/torch_modules.h"

namespace deerbench {

ConvCameraEncoderImpl::ConvCameraEncoderImpl(const ConvCameraConfig& config_in, int width)
    : config(config_in) {
  Group conv = register_module("conv", Group());
  int in = 3;
  for (size_t i = 0; i < config.layers.size(); ++i) {
    const ConvLayerConfig& layer = config.layers[i];
    convolutions.push_back(conv->register_module(
        std::to_string(i), torch::nn::Conv2d(torch::nn::Conv2dOptions(in, layer.channels, layer.kernel)
                                                 .stride(layer.stride)
                                                 .padding(layer.kernel / 2))));
    in = layer.channels;
  }
  attention = register_module("attention", torch::nn::Conv2d(torch::nn::Conv2dOptions(in, config.slots, 1)));
  slot_weight =
      register_parameter("slot_weight", torch::randn({config.slots, in + 2, width}) / std::sqrt(in + 2.0));
  slot_bias = register_parameter("slot_bias", torch::zeros({config.slots, width}));
  const int64_t grid = config.grid();
  const torch::Tensor line = grid > 1 ? torch::linspace(-1, 1, grid) : torch::zeros({1});
  coordinates =
      register_buffer("coordinates", torch::stack({line.view({1, grid}).expand({grid, grid}).flatten(),
                                                   line.view({grid, 1}).expand({grid, grid}).flatten()},
                                                  1));
}

torch::Tensor ConvCameraEncoderImpl::Features(const torch::Tensor& images) {
  torch::Tensor x = images;
  for (auto& convolution : convolutions) x = torch::relu(convolution(x));
  return x;
}

torch::Tensor ConvCameraEncoderImpl::Attention(const torch::Tensor& features) {
  return torch::softmax(attention(features).flatten(2), -1);
}

torch::Tensor ConvCameraEncoderImpl::Tokens(const torch::Tensor& features) {
  const torch::Tensor weights = Attention(features);                                  // (N, K, G * G)
  const torch::Tensor pooled = weights.matmul(features.flatten(2).transpose(1, 2));   // (N, K, C)
  const torch::Tensor slots = torch::cat({pooled, weights.matmul(coordinates)}, -1);  // (N, K, C + 2)
  // One small product a slot, its rows the pictures.
  return torch::bmm(slots.transpose(0, 1), slot_weight).transpose(0, 1) + slot_bias;
}

torch::Tensor ConvCameraEncoderImpl::forward(const torch::Tensor& images) { return Tokens(Features(images)); }

ConvEncoderImpl::ConvEncoderImpl(const VisionConfig& config_in) : config(config_in) {
  static_camera = register_module("static", ConvCameraEncoder(config.static_camera, config.width));
  gripper_camera = register_module("gripper", ConvCameraEncoder(config.gripper_camera, config.width));
}

CameraTokens ConvEncoderImpl::EncodeTokens(const torch::Tensor& static_pictures,
                                           const torch::Tensor& gripper_pictures) {
  return {static_camera(HalveAndNormalise(static_pictures, config.static_camera.input_size, config)),
          gripper_camera(HalveAndNormalise(gripper_pictures, config.gripper_camera.input_size, config))};
}

}  // namespace deerbench
