// Pre-training of the vision encoder: a throw-away head reads from its tokens what the simulator knows.
//
// Shapes: N frames, R numbers, F flags, C classes, G the grid of a camera's features.
#pragma once

#include <torch/torch.h>

#include "agent/conv_encoder.h"
#include "agent/state_encoder.h"

namespace deerbench {

struct VisionFrames {
  torch::Tensor static_images,
      gripper_images;       // uint8 (N, S, S, 3): halved pictures, S the encoder's input size
  torch::Tensor robot_obs;  // (N, 15)
};

struct VisionTargets {
  torch::Tensor numbers;          // (N, R) scaled to about one
  torch::Tensor number_weights;   // (N, R) 0 where a number cannot be seen
  torch::Tensor flags;            // (N, F) 0 or 1
  torch::Tensor static_classes;   // (N, G, G) int64: what lies at each cell
  torch::Tensor gripper_classes;  // (N, G, G)
  // Places that slots are to look at, the first L of each camera: column and row of its feature map, and 1
  // where that counts, else 0.
  torch::Tensor static_landmarks, gripper_landmarks;  // (N, L, 3)
};

// What the parts of the loss weigh beside the numbers.
struct VisionWeights {
  double flags = 0.1, classes = 0.05, landmarks = 0;
};

struct VisionLoss {
  torch::Tensor total;           // scalar
  torch::Tensor number_errors;   // (R) mean absolute error over frames that count, in scaled units; detached
  torch::Tensor flag_error;      // scalar: share of wrong flags
  torch::Tensor class_error;     // scalar: share of wrong cells, both cameras
  torch::Tensor landmark_error;  // scalar: cells from where a slot looks to where it should, static camera
};

// Encoder and head together: what pre-training optimises. Only `encoder` is kept.
struct VisionProbeImpl : torch::nn::Module {
  VisionProbeImpl(const AgentConfig& config, ConvEncoder encoder, int numbers, int flags, int classes,
                  int hidden);

  VisionLoss Loss(const VisionFrames& frames, const VisionTargets& targets, const VisionWeights& weights);

  VisionConfig config;
  int numbers;
  ConvEncoder encoder{nullptr};
  StateEncoder state{nullptr};  // where the agent feels its state: only its normalisation is used
  torch::nn::Sequential head{nullptr};
  torch::nn::Conv2d static_classes{nullptr}, gripper_classes{nullptr};  // 1x1, on the stems' features
};
TORCH_MODULE(VisionProbe);

// Halved bytes (N, S, S, 3) -> (N, 3, S, S), normalised as the encoder wants its pictures.
torch::Tensor NormaliseHalved(const torch::Tensor& pictures, const VisionConfig& config);

}  // namespace deerbench
