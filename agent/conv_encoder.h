// Convolutional vision encoder: for each camera a stem and attention slots, so that a picture becomes a few
// tokens that each say what is where.
//
// Shapes: N pictures, S input size, G grid, C features of the stem, K slots, D width.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "agent/config.h"

namespace deerbench {

// Tokens of both cameras' pictures: what a frozen encoder's output is, and what training may cache.
struct CameraTokens {
  torch::Tensor static_tokens;   // (N, K, D)
  torch::Tensor gripper_tokens;  // (N, K', D)
};

// One camera. Parameters: conv.<i>.{weight, bias}, attention.{weight, bias}, slot_weight, slot_bias.
//   f = relu(conv(... relu(conv(x))))                    (N, C, G, G)
//   a = softmax over the G * G positions of attention(f) (N, K, G * G), attention a 1x1 convolution
//   s = [a f | a coordinates]                            (N, K, C + 2): pooled features, then expected x, y
//   token_k = s_k slot_weight_k + slot_bias_k            (N, K, D)
// Coordinates run from -1 at the first column (row) to 1 at the last.
struct ConvCameraEncoderImpl : torch::nn::Module {
  ConvCameraEncoderImpl(const ConvCameraConfig& config, int width);

  torch::Tensor forward(const torch::Tensor& images);      // (N, 3, S, S) normalised -> (N, K, D)
  torch::Tensor Features(const torch::Tensor& images);     // (N, 3, S, S) normalised -> (N, C, G, G)
  torch::Tensor Attention(const torch::Tensor& features);  // (N, C, G, G) -> (N, K, G * G), rows add up to 1
  torch::Tensor Tokens(const torch::Tensor& features);     // (N, C, G, G) -> (N, K, D)

  ConvCameraConfig config;
  std::vector<torch::nn::Conv2d> convolutions;
  torch::nn::Conv2d attention{nullptr};
  torch::Tensor slot_weight;  // (K, C + 2, D)
  torch::Tensor slot_bias;    // (K, D)
  torch::Tensor coordinates;  // buffer (G * G, 2): x, y
};
TORCH_MODULE(ConvCameraEncoder);

// Both cameras; usable without the rest of the agent.
struct ConvEncoderImpl : torch::nn::Module {
  explicit ConvEncoderImpl(const VisionConfig& config);

  // Camera pictures as the simulator gives them: uint8 (N, H, W, 3) -> tokens.
  CameraTokens EncodeTokens(const torch::Tensor& static_pictures, const torch::Tensor& gripper_pictures);

  VisionConfig config;
  ConvCameraEncoder static_camera{nullptr};   // `static`
  ConvCameraEncoder gripper_camera{nullptr};  // `gripper`
};
TORCH_MODULE(ConvEncoder);

}  // namespace deerbench
