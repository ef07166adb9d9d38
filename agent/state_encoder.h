// The robot's state as a medium token.
#pragma once

#include <torch/torch.h>

#include "agent/config.h"
#include "agent/torch_modules.h"

namespace deerbench {

// y = fc((x - mean) / scale); at StateConfig::angles x - mean is first brought into [-pi, pi] by whole turns.
struct StateEncoderImpl : torch::nn::Module {
  StateEncoderImpl(const StateConfig& config, int width);
  torch::Tensor forward(const torch::Tensor& robot_obs);    // (N, 15) -> (N, 1, D)
  torch::Tensor Normalise(const torch::Tensor& robot_obs);  // (N, 15) -> (N, 15)

  torch::nn::Linear fc{nullptr};
  torch::Tensor mean, inverse_scale;  // buffers (15)
  torch::Tensor turn;                 // buffer (15): 2 pi at angles, elsewhere 0
  torch::Tensor inverse_turn;         // buffer (15): 1 / (2 pi) at angles, elsewhere 0
};
TORCH_MODULE(StateEncoder);

}  // namespace deerbench
