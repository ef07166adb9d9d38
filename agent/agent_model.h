// The whole multi-exit network: vision encoder, resampler, language model, action heads. Module and parameter
// names are the official checkpoint's (arXiv 2411.02359, DeeR-VLA).
#pragma once

#include <torch/torch.h>

#include <vector>

#include "agent/action_head.h"
#include "agent/config.h"
#include "agent/language_model.h"
#include "agent/perceiver.h"
#include "agent/vision_tower.h"

namespace deerbench {

struct AgentModelImpl : torch::nn::Module {
  // `auxiliary_heads`: also the heads that only training uses (lm_head, lm_exit_modules).
  explicit AgentModelImpl(const AgentConfig& config, bool auxiliary_heads = false);

  // Normalised pictures (N, 3, S, S) of both cameras -> media latents (N, 2 * latents, D), static camera
  // first.
  torch::Tensor EncodeVision(const torch::Tensor& static_images, const torch::Tensor& gripper_images);
  // From patch tokens (N, v, D) instead.
  torch::Tensor Resample(const torch::Tensor& static_tokens, const torch::Tensor& gripper_tokens);

  // Outputs of all layers, each (N, T, d).
  std::vector<torch::Tensor> HiddenStates(const torch::Tensor& ids, const torch::Tensor& mask,
                                          const torch::Tensor& media);

  AgentConfig config;
  VisionTower vision{nullptr};
  PerceiverResampler perceiver{nullptr};
  LanguageModel lang_encoder{nullptr};
  ActionHead extra_exit{nullptr};           // the one head of inference, shared by all exits
  ActionHead lm_head{nullptr};              // auxiliary, on the last layer
  std::vector<ActionHead> lm_exit_modules;  // auxiliary, on the exits before it
};
TORCH_MODULE(AgentModel);

}  // namespace deerbench
