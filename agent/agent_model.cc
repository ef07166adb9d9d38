#include "agent/agent_model.h"

namespace deerbench {

AgentModelImpl::AgentModelImpl(const AgentConfig& config_in, bool auxiliary_heads) : config(config_in) {
  config.Validate();
  Group vision_encoder = register_module("vision_encoder", Group());
  vision = vision_encoder->register_module("visual", VisionTower(config.vision, config.layer_norm_eps));
  perceiver = register_module(
      "perceiver", PerceiverResampler(config.perceiver, config.vision.width, config.layer_norm_eps));
  lang_encoder = register_module("lang_encoder", LanguageModel(config));
  const auto make_head = [&] {
    return ActionHead(config.head, config.language.width, config.layer_norm_eps);
  };
  extra_exit = register_module("extra_exit", make_head());
  if (auxiliary_heads) {
    lm_head = register_module("lm_head", make_head());
    auto list = register_module("lm_exit_modules", torch::nn::ModuleList());
    for (size_t i = 0; i + 1 < config.ExitLayers().size(); ++i) {
      lm_exit_modules.push_back(make_head());
      list->push_back(lm_exit_modules.back());
    }
  }
}

torch::Tensor AgentModelImpl::Resample(const torch::Tensor& static_tokens,
                                       const torch::Tensor& gripper_tokens) {
  return torch::cat({perceiver(static_tokens), perceiver(gripper_tokens)}, 1);
}

torch::Tensor AgentModelImpl::EncodeVision(const torch::Tensor& static_images,
                                           const torch::Tensor& gripper_images) {
  torch::Tensor static_tokens, gripper_tokens;
  {
    torch::NoGradGuard frozen;  // the encoder is never trained together with the rest
    static_tokens = vision(static_images);
    gripper_tokens = vision(gripper_images);
  }
  return Resample(static_tokens, gripper_tokens);
}

std::vector<torch::Tensor> AgentModelImpl::HiddenStates(const torch::Tensor& ids, const torch::Tensor& mask,
                                                        const torch::Tensor& media) {
  const TextContext context = lang_encoder->MakeContext(ids, mask);
  std::vector<torch::Tensor> hidden;
  torch::Tensor x = lang_encoder->Embed(ids);
  for (int layer = 0; layer < config.language.layers; ++layer) {
    x = lang_encoder->RunLayer(layer, x, media, context);
    hidden.push_back(x);
  }
  return hidden;
}

}  // namespace deerbench
