// The whole multi-exit network: vision encoder, resampler, language model, action heads. Module and parameter
// names are the official checkpoint's (arXiv 2411.02359, DeeR-VLA).
#pragma once

#include <torch/torch.h>

#include <vector>

#include "agent/action_head.h"
#include "agent/config.h"
#include "agent/conv_encoder.h"
#include "agent/language_model.h"
#include "agent/perceiver.h"
#include "agent/state_encoder.h"
#include "agent/vision_tower.h"

namespace deerbench {

struct AgentParts {
  bool auxiliary_heads = false;  // also the heads that only training uses (lm_head, lm_exit_modules)
  int layers = 0;                // how many of the language model's layers, 0 for all
};

// Shapes: N frames, v tokens a picture, m = MediaTokens() of the config, T text tokens.
struct AgentModelImpl : torch::nn::Module {
  explicit AgentModelImpl(const AgentConfig& config, const AgentParts& parts = {});

  // Vision encoder: camera pictures, uint8 (N, H, W, 3), -> tokens (N, v, D). Without gradients: the encoder
  // is never trained together with the rest.
  CameraTokens EncodeTokens(const torch::Tensor& static_pictures, const torch::Tensor& gripper_pictures);
  // Normalised pictures (N, 3, S, S) instead.
  CameraTokens EncodeImages(const torch::Tensor& static_images, const torch::Tensor& gripper_images);

  // Tokens -> what the language model attends to (N, m, D): the static camera's latents, the gripper
  // camera's, and where the config has use_state the state's token. robot_obs (N, 15) is read only then and
  // may be undefined.
  torch::Tensor Media(const CameraTokens& tokens, const torch::Tensor& robot_obs = {});

  // Largest value of each feature over the tokens: (N, T, d) -> (N, d), padding (mask 0) counted as the
  // config says.
  torch::Tensor Pool(const torch::Tensor& hidden, const torch::Tensor& mask) const;

  // Outputs of the first `layers` layers, 0 for all, each (N, T, d).
  std::vector<torch::Tensor> HiddenStates(const torch::Tensor& ids, const torch::Tensor& mask,
                                          const torch::Tensor& media, int layers = 0);

  AgentConfig config;
  VisionTower vision{nullptr};          // VisionKind::kClip
  ConvEncoder conv_vision{nullptr};     // VisionKind::kConv
  StateEncoder state_encoder{nullptr};  // with use_state
  PerceiverResampler perceiver{nullptr};
  LanguageModel lang_encoder{nullptr};
  ActionHead extra_exit{nullptr};           // the one head of inference, shared by all exits
  ActionHead lm_head{nullptr};              // auxiliary, on the last layer
  std::vector<ActionHead> lm_exit_modules;  // auxiliary, on the exits before it
};
TORCH_MODULE(AgentModel);

}  // namespace deerbench
