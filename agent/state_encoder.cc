#include "agent/state_encoder.h"

#include <numbers>

namespace deerbench {

StateEncoderImpl::StateEncoderImpl(const StateConfig& config, int width) {
  fc = register_module("fc", MakeLinear(kRobotObsSize, width, true));
  std::vector<float> means(kRobotObsSize), inverse_scales(kRobotObsSize), turns(kRobotObsSize, 0.0f),
      inverse_turns(kRobotObsSize, 0.0f);
  for (int i = 0; i < kRobotObsSize; ++i) {
    means[i] = static_cast<float>(config.mean[i]);
    inverse_scales[i] = static_cast<float>(1.0 / config.scale[i]);
  }
  for (const int i : config.angles) {
    turns[i] = static_cast<float>(2 * std::numbers::pi);
    inverse_turns[i] = static_cast<float>(0.5 / std::numbers::pi);
  }
  mean = register_buffer("mean", torch::tensor(means));
  inverse_scale = register_buffer("inverse_scale", torch::tensor(inverse_scales));
  turn = register_buffer("turn", torch::tensor(turns));
  inverse_turn = register_buffer("inverse_turn", torch::tensor(inverse_turns));
}

torch::Tensor StateEncoderImpl::Normalise(const torch::Tensor& robot_obs) {
  const torch::Tensor from_mean = robot_obs - mean;
  return (from_mean - turn * torch::round(from_mean * inverse_turn)) * inverse_scale;
}

torch::Tensor StateEncoderImpl::forward(const torch::Tensor& robot_obs) {
  return fc(Normalise(robot_obs)).unsqueeze(1);
}

}  // namespace deerbench
