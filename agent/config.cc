#include "agent/config.h"

#include <fmt/format.h>

#include <numbers>

#include "base/error.h"

namespace deerbench {
namespace {

// Bounds far above any agent's sizes, so that no count of weights can overflow.
constexpr int kMaxSize = 1 << 14, kMaxVocabulary = 1 << 20;
constexpr int kMaxPicture = 1024;  // pixels a side: no tensor is as large as a picture, so none bounds it
constexpr size_t kMaxListLength = 64;

void RequirePositive(const char* field, int value, int most = kMaxSize) {
  if (value < 1 || value > most)
    Fail(fmt::format("agent config: '{}' is {}, expected 1 to {}", field, value, most));
}

void RequireDivides(const char* field, int value, const char* by, int divisor) {
  if (value % divisor != 0) {
    Fail(
        fmt::format("agent config: '{}' is {}, expected a multiple of '{}' ({})", field, value, by, divisor));
  }
}

void RequireRate(const char* field, double value) {
  if (!(value >= 0 && value < 1)) {
    Fail(fmt::format("agent config: '{}' is {}, expected at least 0 and below 1", field, value));
  }
}

void RequireToken(const char* field, int token, int vocab_size) {
  if (token < 0 || token >= vocab_size) {
    Fail(fmt::format("agent config: '{}' is {}, expected 0 to {} (vocab_size - 1)", field, token,
                     vocab_size - 1));
  }
}

void ValidateCamera(const char* name, const ConvCameraConfig& camera) {
  const auto field = [&](const char* key) { return fmt::format("vision.{}.{}", name, key); };
  RequirePositive(field("input_size").c_str(), camera.input_size, kMaxPicture);
  RequirePositive(field("slots").c_str(), camera.slots);
  if (camera.layers.empty() || camera.layers.size() > kMaxListLength)
    Fail(fmt::format("agent config: '{}' has {} entries, expected 1 to {}", field("layers"),
                     camera.layers.size(), kMaxListLength));
  for (const ConvLayerConfig& layer : camera.layers) {
    RequirePositive(field("layers.channels").c_str(), layer.channels);
    RequirePositive(field("layers.stride").c_str(), layer.stride);
    if (layer.kernel < 1 || layer.kernel > kMaxSize || layer.kernel % 2 == 0)
      Fail(fmt::format("agent config: '{}' is {}, expected an odd number", field("layers.kernel"),
                       layer.kernel));
  }
}

void ValidateVision(const VisionConfig& vision) {
  RequirePositive("vision.width", vision.width);
  if (vision.kind == VisionKind::kConv) {
    ValidateCamera("static", vision.static_camera);
    ValidateCamera("gripper", vision.gripper_camera);
    if (!(vision.pixel_std > 0))
      Fail(fmt::format("agent config: 'vision.pixel_std' is {}, expected above 0", vision.pixel_std));
    return;
  }
  RequirePositive("vision.patch_size", vision.patch_size);
  RequirePositive("vision.image_size", vision.image_size, kMaxPicture);
  if (vision.image_size < vision.patch_size)
    Fail(fmt::format("agent config: 'vision.image_size' is {}, expected at least 'vision.patch_size' ({})",
                     vision.image_size, vision.patch_size));
  RequirePositive("vision.layers", vision.layers);
  RequirePositive("vision.heads", vision.heads);
  RequireDivides("vision.width", vision.width, "vision.heads", vision.heads);
  RequirePositive("vision.output_dim", vision.output_dim);
}

void ValidateState(const StateConfig& state) {
  const size_t size = state.use_state ? kRobotObsSize : 0;
  if (state.mean.size() != size || state.scale.size() != size) {
    Fail(fmt::format("agent config: 'state.mean' and 'state.scale' have {} and {} entries, expected {}",
                     state.mean.size(), state.scale.size(), size));
  }
  for (const double scale : state.scale) {
    if (!(scale > 0)) Fail(fmt::format("agent config: 'state.scale' holds {}, expected above 0", scale));
  }
  for (const int angle : state.angles) {
    if (angle < 0 || static_cast<size_t>(angle) >= size)
      Fail(fmt::format("agent config: 'state.angles' holds {}, expected an index below {}", angle, size));
  }
}

// The agent that is trained here: the official architecture with a vision encoder that learns from our
// pictures.
AgentConfig NanoConfig() {
  AgentConfig c;
  c.name = "nano";
  c.vision.kind = VisionKind::kConv;
  c.vision.width = 64;
  c.vision.static_camera = {100, {{16, 5, 2}, {32, 3, 2}, {32, 3, 1}, {32, 3, 1}}, 16};
  c.vision.gripper_camera = {42, {{16, 5, 2}, {32, 3, 1}, {32, 3, 1}}, 8};
  c.perceiver = {.depth = 1, .latents = 8, .heads = 4, .head_dim = 16, .ff_mult = 2};
  c.cross_attention = {.every_n_layers = 1, .heads = 4, .head_dim = 16, .ff_mult = 2, .gate_init = 0.5};
  c.language.vocab_size = 572;  // scenes/tokenizer.json
  c.language.width = 64;
  c.language.layers = 12;
  c.language.heads = 4;
  c.language.mlp_ratio = 2;
  c.language.max_seq_len = 64;
  c.language.end_of_chunk_token = 569;
  c.language.media_token = 570;
  c.language.pad_token = 571;
  c.head = {.pool_padding = false,
            .lstm_hidden = 128,
            .lstm_layers = 1,
            .lstm_layernorm = true,
            .mlp_hidden = {128, 64},
            .mlp_dropout = 0,
            .lstm_dropout = 0};
  // A rough middle and spread of what the robot does: hand position (m), hand angles, gripper opening (m),
  // seven joints, last gripper command. Training may put measured ones in their place.
  constexpr double kHalfTurn = std::numbers::pi;
  c.state = {
      .use_state = true,
      .mean = {0.0, -0.1, 0.5, kHalfTurn, 0, kHalfTurn / 2, 0.04, -1.2, 1.0, 2.1, -2.3, -0.9, 1.6, 0.5, 0},
      .scale = {0.2, 0.15, 0.1, 0.3, 0.3, 0.6, 0.04, 0.5, 0.4, 0.5, 0.4, 0.5, 0.5, 0.6, 1},
      .angles = {3, 4, 5}};
  c.prompt.end_of_text = false;
  return c;
}

}  // namespace

int ConvCameraConfig::grid() const {
  int size = input_size;
  for (const ConvLayerConfig& layer : layers) size = (size - 1) / layer.stride + 1;
  return size;
}

std::vector<int> AgentConfig::ExitLayers() const {
  std::vector<int> exits;
  for (int layer = exit_interval - 1; layer < language.layers - 1; layer += exit_interval)
    exits.push_back(layer);
  exits.push_back(language.layers - 1);
  return exits;
}

void AgentConfig::Validate() const {
  ValidateVision(vision);
  RequirePositive("perceiver.depth", perceiver.depth);
  RequirePositive("perceiver.latents", perceiver.latents);
  RequirePositive("perceiver.heads", perceiver.heads);
  RequirePositive("perceiver.head_dim", perceiver.head_dim);
  RequirePositive("perceiver.ff_mult", perceiver.ff_mult);
  RequirePositive("cross_attention.every_n_layers", cross_attention.every_n_layers);
  RequirePositive("cross_attention.heads", cross_attention.heads);
  RequirePositive("cross_attention.head_dim", cross_attention.head_dim);
  RequirePositive("cross_attention.ff_mult", cross_attention.ff_mult);
  RequirePositive("language.vocab_size", language.vocab_size, kMaxVocabulary);
  RequirePositive("language.layers", language.layers);
  RequirePositive("language.heads", language.heads);
  RequirePositive("language.width", language.width);
  RequireDivides("language.width", language.width, "language.heads", language.heads);
  RequirePositive("language.mlp_ratio", language.mlp_ratio);
  RequirePositive("language.max_seq_len", language.max_seq_len);
  RequireToken("language.eos_token", language.eos_token, language.vocab_size);
  RequireToken("language.end_of_chunk_token", language.end_of_chunk_token, language.vocab_size);
  RequireToken("language.media_token", language.media_token, language.vocab_size);
  RequireToken("language.pad_token", language.pad_token, language.vocab_size);
  RequirePositive("head.lstm_hidden", head.lstm_hidden);
  RequirePositive("head.lstm_layers", head.lstm_layers);
  if (head.mlp_hidden.empty() || head.mlp_hidden.size() > kMaxListLength)
    Fail(fmt::format("agent config: 'head.mlp_hidden' has {} entries, expected 1 to {}",
                     head.mlp_hidden.size(), kMaxListLength));
  for (const int width : head.mlp_hidden) RequirePositive("head.mlp_hidden", width);
  RequireRate("head.mlp_dropout", head.mlp_dropout);
  RequireRate("head.lstm_dropout", head.lstm_dropout);
  ValidateState(state);
  if (prompt.max_tokens < 3 || prompt.max_tokens > language.max_seq_len) {
    Fail(fmt::format("agent config: 'prompt.max_tokens' is {}, expected 3 to language.max_seq_len ({})",
                     prompt.max_tokens, language.max_seq_len));
  }
  RequirePositive("exit_interval", exit_interval);
  RequirePositive("window", window);
  if (!(layer_norm_eps > 0))
    Fail(fmt::format("agent config: 'layer_norm_eps' is {}, expected above 0", layer_norm_eps));
}

AgentConfig PresetConfig(const std::string& name) {
  AgentConfig config;
  config.name = name;
  if (name == "3b") return config;
  if (name == "nano") return NanoConfig();
  if (name == "9b") {
    config.cross_attention.every_n_layers = 4;
    config.language.width = 4096;
    config.language.layers = 32;
    config.language.heads = 32;
    config.language.qk_layernorm = false;
    config.exit_interval = 4;
    config.skip_first_exit = true;
    return config;
  }
  Fail(fmt::format("preset is '{}', expected nano, 3b or 9b", name));
}

}  // namespace deerbench
