// From a camera's bytes to what a vision encoder takes.
#pragma once

#include <torch/torch.h>

#include "agent/config.h"

namespace deerbench {

// uint8 (N, 2 S, 2 S, 3) -> float (N, 3, S, S) on the pictures' device: mean of each 2 x 2 block over 255,
// minus pixel_mean, divided by pixel_std. Throws Error for another type or size.
torch::Tensor HalveAndNormalise(const torch::Tensor& pictures, int input_size, const VisionConfig& config);

// uint8 (N, H, W, 3) of any size -> float (N, 3, S, S) as open_clip makes them (agent/clip_preprocess.h), on
// the CPU.
torch::Tensor ClipImages(const torch::Tensor& pictures, int image_size);

}  // namespace deerbench
