// Sizes and options of a multi-exit agent: everything that, with the weights, decides what it computes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace deerbench {

// CLIP's vision transformer (open_clip VisionTransformer): patch tokens before ln_post, class token left out.
struct VisionConfig {
  int image_size = 224;  // pixels, square
  int patch_size = 14;
  int width = 1024;  // D
  int layers = 24;
  int heads = 16;
  int output_dim = 768;  // of the projection that the checkpoint carries and the agent does not use

  int patches() const { return (image_size / patch_size) * (image_size / patch_size); }
};

// Flamingo's Perceiver resampler.
struct PerceiverConfig {
  int depth = 6;
  int latents = 64;  // a picture
  int heads = 8;
  int head_dim = 64;
  int ff_mult = 4;
};

// Flamingo's gated cross-attention between the language model's layers.
struct CrossAttentionConfig {
  int every_n_layers = 1;  // before layer i where (i + 1) % n == 0
  int heads = 8;
  int head_dim = 64;
  int ff_mult = 4;
};

// MosaicML's MPT: ALiBi, query-key normalisation, no biases.
struct LanguageConfig {
  int vocab_size = 50280;
  int width = 2048;  // d
  int layers = 12;   // kept, of which exits may use fewer
  int heads = 16;
  int mlp_ratio = 4;
  int max_seq_len = 2048;
  double alibi_bias_max = 8;
  bool qk_layernorm = true;
  int eos_token = 0, end_of_chunk_token = 50277, media_token = 50278, pad_token = 50279;
};

// DeeR's action head: max pooling, LSTM, two small networks.
struct HeadConfig {
  enum class DropoutPlacement { kLayerwise, kLast };  // fixes the parameters' indices too
  int lstm_hidden = 1024;
  int lstm_layers = 4;
  bool lstm_layernorm = true;
  std::vector<int> mlp_hidden = {1024, 512};
  bool mlp_layernorm = true;
  DropoutPlacement dropout_placement = DropoutPlacement::kLayerwise;
  double mlp_dropout = 0.4;
  double lstm_dropout = 0.3;
};

struct AgentConfig {
  std::string name = "3b";
  VisionConfig vision;
  PerceiverConfig perceiver;
  CrossAttentionConfig cross_attention;
  LanguageConfig language;
  HeadConfig head;
  int exit_interval = 2;  // an exit every so many layers, and one at the last
  int window = 12;        // steps of a training window
  double layer_norm_eps = 1e-5;

  // 0-based layers that carry an exit: interval - 1, 2 * interval - 1, ... and the last layer.
  std::vector<int> ExitLayers() const;
  // Latents that the language model attends to: both cameras' one after the other.
  int MediaTokens() const { return 2 * perceiver.latents; }
  bool HasCrossAttention(int layer) const { return (layer + 1) % cross_attention.every_n_layers == 0; }

  // Throws Error naming the field, its value and what was expected.
  void Validate() const;
};

// "3b" (MPT-1B, CLIP ViT-L/14) and "9b" (MPT-7B): the official sizes. Throws Error for another name.
AgentConfig PresetConfig(const std::string& name);

// Unknown or missing keys are errors.
AgentConfig ConfigFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const AgentConfig& config);

}  // namespace deerbench
