#include "agent/agent_model.h"

#include <limits>

#include "agent/preprocess.h"
#include "base/error.h"

namespace deerbench {

AgentModelImpl::AgentModelImpl(const AgentConfig& config_in, const AgentParts& parts) : config(config_in) {
  config.Validate();
  if (config.vision.kind == VisionKind::kConv) {
    conv_vision = register_module("vision_encoder", ConvEncoder(config.vision));
  } else {
    Group vision_encoder = register_module("vision_encoder", Group());
    vision = vision_encoder->register_module("visual", VisionTower(config.vision, config.layer_norm_eps));
  }
  if (config.state.use_state) {
    state_encoder = register_module("state_encoder", StateEncoder(config.state, config.vision.width));
  }
  perceiver = register_module(
      "perceiver", PerceiverResampler(config.perceiver, config.vision.width, config.layer_norm_eps));
  lang_encoder = register_module("lang_encoder", LanguageModel(config, parts.layers));
  const auto make_head = [&] {
    return ActionHead(config.head, config.language.width, config.layer_norm_eps);
  };
  extra_exit = register_module("extra_exit", make_head());
  if (parts.auxiliary_heads) {
    Require(lang_encoder->layers.size() == static_cast<size_t>(config.language.layers),
            "auxiliary heads need all layers");
    lm_head = register_module("lm_head", make_head());
    auto list = register_module("lm_exit_modules", torch::nn::ModuleList());
    for (size_t i = 0; i + 1 < config.ExitLayers().size(); ++i) {
      lm_exit_modules.push_back(make_head());
      list->push_back(lm_exit_modules.back());
    }
  }
}

CameraTokens AgentModelImpl::EncodeTokens(const torch::Tensor& static_pictures,
                                          const torch::Tensor& gripper_pictures) {
  torch::NoGradGuard frozen;
  if (conv_vision) return conv_vision->EncodeTokens(static_pictures, gripper_pictures);
  const torch::Device device = vision->class_embedding.device();
  const int size = config.vision.image_size;
  return EncodeImages(ClipImages(static_pictures, size).to(device),
                      ClipImages(gripper_pictures, size).to(device));
}

CameraTokens AgentModelImpl::EncodeImages(const torch::Tensor& static_images,
                                          const torch::Tensor& gripper_images) {
  torch::NoGradGuard frozen;
  if (conv_vision)
    return {conv_vision->static_camera(static_images), conv_vision->gripper_camera(gripper_images)};
  return {vision(static_images), vision(gripper_images)};
}

torch::Tensor AgentModelImpl::Media(const CameraTokens& tokens, const torch::Tensor& robot_obs) {
  std::vector<torch::Tensor> media = {perceiver(tokens.static_tokens), perceiver(tokens.gripper_tokens)};
  if (state_encoder) media.push_back(state_encoder(robot_obs));
  return torch::cat(media, 1);
}

torch::Tensor AgentModelImpl::Pool(const torch::Tensor& hidden, const torch::Tensor& mask) const {
  if (config.head.pool_padding) return hidden.amax(1);
  return hidden.masked_fill(mask.eq(0).unsqueeze(-1), std::numeric_limits<float>::lowest()).amax(1);
}

std::vector<torch::Tensor> AgentModelImpl::HiddenStates(const torch::Tensor& ids, const torch::Tensor& mask,
                                                        const torch::Tensor& media, int layers) {
  const TextContext context = lang_encoder->MakeContext(ids, mask);
  std::vector<torch::Tensor> hidden;
  torch::Tensor x = lang_encoder->Embed(ids);
  const int count = layers > 0 ? layers : static_cast<int>(lang_encoder->layers.size());
  for (int layer = 0; layer < count; ++layer) {
    x = lang_encoder->RunLayer(layer, x, media, context);
    hidden.push_back(x);
  }
  return hidden;
}

}  // namespace deerbench
