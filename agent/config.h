// Sizes and options of a multi-exit agent: everything that, with the weights, decides what it computes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace deerbench {

// A convolution with zero padding of kernel / 2, bias and ReLU.
struct ConvLayerConfig {
  int channels = 32;  // out
  int kernel = 3;     // odd
  int stride = 1;

  friend bool operator==(const ConvLayerConfig&, const ConvLayerConfig&) = default;
};

// One camera of the convolutional encoder: a stem, then attention slots that each look at one thing.
struct ConvCameraConfig {
  int input_size = 100;  // pixels, square; pictures have twice as many
  std::vector<ConvLayerConfig> layers;
  int slots = 16;  // tokens

  int picture_size() const { return 2 * input_size; }
  int features() const { return layers.back().channels; }
  int grid() const;  // positions along a side behind the stem

  friend bool operator==(const ConvCameraConfig&, const ConvCameraConfig&) = default;
};

enum class VisionKind {
  kClip,  // one frozen vision transformer for both cameras, the official agent's
  kConv,  // a small convolutional stem with attention slots for each camera
};

// Vision encoder. `width` is its tokens' and the media's; the other fields belong to one kind.
struct VisionConfig {
  VisionKind kind = VisionKind::kClip;
  int width = 1024;  // D

  // CLIP's vision transformer (open_clip VisionTransformer): patch tokens before ln_post, no class token.
  int image_size = 224;  // pixels, square; what is left behind the last whole patch is not seen
  int patch_size = 14;
  int layers = 24;
  int heads = 16;
  int output_dim = 768;  // of the projection that the checkpoint carries and the agent does not use

  // Convolutional: bytes / 255, minus pixel_mean, divided by pixel_std.
  ConvCameraConfig static_camera, gripper_camera;
  double pixel_mean = 0.5, pixel_std = 0.25;

  int patches() const { return (image_size / patch_size) * (image_size / patch_size); }
};

inline constexpr int kRobotObsSize = 15;  // numbers of CALVIN's robot_obs

// The robot's own state (CALVIN's robot_obs) as one more medium token, where the agent may feel it.
struct StateConfig {
  bool use_state = false;
  // One entry a number of robot_obs, empty without use_state. What the network sees is (x - mean) / scale;
  // at the indices `angles` x - mean is first brought into [-pi, pi] by whole turns.
  std::vector<double> mean, scale;
  std::vector<int> angles;
};

// How a sentence becomes tokens: "<image>" + sentence + "<|endofchunk|>" and, if asked for, "<|endoftext|>".
struct PromptConfig {
  bool end_of_text = true;
  int max_tokens = 32;
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
  double gate_init = 0;  // of both tanh gates where training starts; 0 leaves a pretrained model as it was
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
  // Whether the maximum over the tokens sees padding, as in the official code. Without it a sentence gives
  // the same features in a batch with longer ones as alone.
  bool pool_padding = true;
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
  StateConfig state;
  PromptConfig prompt;
  int exit_interval = 2;  // an exit every so many layers, and one at the last
  int window = 12;        // steps of a training window
  double layer_norm_eps = 1e-5;
  // Where thresholds are solved the first exit gets no step, as the official solver has it for MPT-7B.
  bool skip_first_exit = false;

  // 0-based layers that carry an exit: interval - 1, 2 * interval - 1, ... and the last layer.
  std::vector<int> ExitLayers() const;
  // What the language model attends to: both cameras' latents one after the other, then the state.
  int MediaTokens() const { return 2 * perceiver.latents + (state.use_state ? 1 : 0); }
  bool HasCrossAttention(int layer) const { return (layer + 1) % cross_attention.every_n_layers == 0; }

  // Throws Error naming the field, its value and what was expected.
  void Validate() const;
};

// "3b" (MPT-1B, CLIP ViT-L/14) and "9b" (MPT-7B): the official sizes. "nano": the small agent trained here.
// Throws Error for another name.
AgentConfig PresetConfig(const std::string& name);

// Unknown or missing keys are errors; skip_first_exit alone may be missing, and is written only where it
// holds.
AgentConfig ConfigFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const AgentConfig& config);

}  // namespace deerbench
