#include "agent/cost.h"

namespace deerbench {
namespace {

using Count = uint64_t;

Count CameraMacs(const ConvCameraConfig& camera, Count width) {
  Count macs = 0, in = 3;
  int size = camera.input_size;
  for (const ConvLayerConfig& layer : camera.layers) {
    size = (size - 1) / layer.stride + 1;
    macs += Count(size) * size * layer.channels * in * layer.kernel * layer.kernel;
    in = layer.channels;
  }
  const Count positions = Count(size) * size, slots = camera.slots;
  macs += positions * slots * in;        // attention's scores
  macs += positions * slots * (in + 2);  // pooled features and expected coordinates
  return macs + slots * (in + 2) * width;
}

Count CameraParameters(const ConvCameraConfig& camera, Count width) {
  Count count = 0, in = 3;
  for (const ConvLayerConfig& layer : camera.layers) {
    count += layer.channels * (in * layer.kernel * layer.kernel + 1);
    in = layer.channels;
  }
  const Count slots = camera.slots;
  return count + slots * (in + 1) + slots * (in + 2) * width + slots * width;
}

// Flamingo's feed-forward without its norm: the same number of weights as of MACs a token.
Count FeedForwardWeights(Count width, Count mult) { return 2 * width * width * mult; }

Count ResamplePicture(const PerceiverConfig& config, Count tokens, Count width) {
  const Count inner = Count(config.heads) * config.head_dim, latents = config.latents,
              keys = tokens + latents;
  const Count attention = latents * width * inner + keys * width * 2 * inner + 2 * latents * keys * inner +
                          latents * inner * width;
  return config.depth * (attention + latents * FeedForwardWeights(width, config.ff_mult));
}

Count MlpCount(const HeadConfig& config, Count out, Count extra_per_hidden, Count extra_per_layer) {
  Count count = 0, in = config.lstm_hidden;
  for (const Count width : config.mlp_hidden) {
    count += in * width + extra_per_hidden * width + extra_per_layer * width;
    in = width;
  }
  return count + in * out + extra_per_layer * out;
}

}  // namespace

uint64_t VisionMacs(const VisionConfig& config) {
  if (config.kind == VisionKind::kConv) {
    return CameraMacs(config.static_camera, config.width) + CameraMacs(config.gripper_camera, config.width);
  }
  const Count d = config.width, patches = config.patches(), tokens = patches + 1;
  const Count block = 12 * d * d * tokens + 2 * tokens * tokens * d;
  return 2 * (patches * d * 3 * config.patch_size * config.patch_size + config.layers * block);
}

uint64_t ResamplerMacs(const AgentConfig& config) {
  const VisionConfig& vision = config.vision;
  const bool conv = vision.kind == VisionKind::kConv;
  return ResamplePicture(config.perceiver, conv ? vision.static_camera.slots : vision.patches(),
                         vision.width) +
         ResamplePicture(config.perceiver, conv ? vision.gripper_camera.slots : vision.patches(),
                         vision.width);
}

uint64_t StateMacs(const AgentConfig& config) {
  return config.state.use_state ? Count(kRobotObsSize) * config.vision.width : 0;
}

uint64_t LayerMacs(const AgentConfig& config, int layer, int text_tokens) {
  const Count d = config.language.width, tokens = text_tokens;
  Count macs = (4 + 2 * Count(config.language.mlp_ratio)) * d * d * tokens + 2 * d * tokens * tokens;
  if (config.HasCrossAttention(layer)) {
    const CrossAttentionConfig& cross = config.cross_attention;
    const Count inner = Count(cross.heads) * cross.head_dim, media = config.MediaTokens();
    macs += 2 * tokens * d * inner + media * config.vision.width * 2 * inner + 2 * tokens * media * inner;
    macs += tokens * FeedForwardWeights(d, cross.ff_mult);
  }
  return macs;
}

uint64_t LanguageMacs(const AgentConfig& config, int layers, int text_tokens) {
  Count macs = 0;
  for (int layer = 0; layer < layers; ++layer) macs += LayerMacs(config, layer, text_tokens);
  return macs;
}

uint64_t HeadMacs(const AgentConfig& config) {
  const Count hidden = config.head.lstm_hidden;
  Count macs = 0, in = config.language.width;
  for (int layer = 0; layer < config.head.lstm_layers; ++layer) {
    macs += 4 * hidden * (in + hidden);
    in = hidden;
  }
  return macs + MlpCount(config.head, 6, 0, 0) + MlpCount(config.head, 1, 0, 0);
}

StepMacs CountStep(const AgentConfig& config, int text_tokens, int layers_run, int head_evaluations) {
  return {.vision = VisionMacs(config.vision),
          .resampler = ResamplerMacs(config),
          .state = StateMacs(config),
          .llm = LanguageMacs(config, layers_run, text_tokens),
          .head = Count(head_evaluations) * HeadMacs(config)};
}

uint64_t LayerParameters(const AgentConfig& config, int layer) {
  const Count d = config.language.width;
  Count count =
      (4 + 2 * Count(config.language.mlp_ratio)) * d * d + (config.language.qk_layernorm ? 4 : 2) * d;
  if (config.HasCrossAttention(layer)) {
    const CrossAttentionConfig& cross = config.cross_attention;
    const Count inner = Count(cross.heads) * cross.head_dim;
    count += 2 * d * inner + Count(config.vision.width) * 2 * inner + FeedForwardWeights(d, cross.ff_mult);
    count += 4 * d + 2;  // two norms with biases, two gates
  }
  return count;
}

uint64_t LanguageParameters(const AgentConfig& config, int layers) {
  Count count = Count(config.language.vocab_size) * config.language.width + config.language.width;
  for (int layer = 0; layer < layers; ++layer) count += LayerParameters(config, layer);
  return count;
}

uint64_t VisionParameters(const VisionConfig& config) {
  if (config.kind == VisionKind::kConv) {
    return CameraParameters(config.static_camera, config.width) +
           CameraParameters(config.gripper_camera, config.width);
  }
  const Count d = config.width;
  const Count block = 12 * d * d + 9 * d + 4 * d;  // matrices, their biases, two norms
  return d * 3 * config.patch_size * config.patch_size + d + (config.patches() + 1) * d + 4 * d +
         d * config.output_dim + config.layers * block;
}

uint64_t ResamplerParameters(const AgentConfig& config) {
  const Count d = config.vision.width, inner = Count(config.perceiver.heads) * config.perceiver.head_dim;
  const Count layer = 4 * d * inner + FeedForwardWeights(d, config.perceiver.ff_mult) + 6 * d;
  return config.perceiver.latents * d + config.perceiver.depth * layer + 2 * d;
}

uint64_t StateParameters(const AgentConfig& config) {
  return config.state.use_state ? Count(kRobotObsSize + 1) * config.vision.width : 0;
}

uint64_t HeadParameters(const AgentConfig& config) {
  const Count hidden = config.head.lstm_hidden;
  Count count = 0, in = config.language.width;
  for (int layer = 0; layer < config.head.lstm_layers; ++layer) {
    count += 4 * hidden * (in + hidden + 2) + (config.head.lstm_layernorm ? 2 * hidden : 0);
    in = hidden;
  }
  const Count norm = config.head.mlp_layernorm ? 2 : 0;
  return count + MlpCount(config.head, 6, norm, 1) + MlpCount(config.head, 1, norm, 1);
}

uint64_t InferenceParameters(const AgentConfig& config, int layers) {
  return VisionParameters(config.vision) + ResamplerParameters(config) + StateParameters(config) +
         LanguageParameters(config, layers) + HeadParameters(config);
}

}  // namespace deerbench
