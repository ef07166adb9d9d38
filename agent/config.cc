#include "agent/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <set>
#include <type_traits>

#include "agent/json_text.h"
#include "base/error.h"

namespace deerbench {
namespace {

using nlohmann::json;

constexpr double kMaxInteger = 1 << 30;

// Reads one object's fields and insists that every key was asked for.
class FieldReader {
 public:
  FieldReader(const json& object, std::string path) : object_(object), path_(std::move(path)) {
    if (!object.is_object())
      Fail(fmt::format("agent config: '{}' is {}, expected an object", path_, Shown(object)));
  }

  template <class T>
  void Read(const char* key, T& value) {
    seen_.insert(key);
    const auto it = object_.find(key);
    if (it == object_.end()) Fail(fmt::format("agent config: key '{}{}' is missing", path_, key));
    if constexpr (std::is_same_v<T, int>) {  // the JSON library would cut a fraction off
      if (!it->is_number_integer() || std::abs(it->template get<double>()) > kMaxInteger)
        Fail(fmt::format("agent config: key '{}{}' is {}, expected an integer", path_, key, Shown(*it)));
    }
    try {
      it->get_to(value);
    } catch (const json::exception&) {
      Fail(fmt::format("agent config: key '{}{}' is {}, expected another type", path_, key, Shown(*it)));
    }
  }

  const json& Object(const char* key) {
    seen_.insert(key);
    const auto it = object_.find(key);
    if (it == object_.end()) Fail(fmt::format("agent config: key '{}{}' is missing", path_, key));
    return *it;
  }

  void Finish() const {
    for (const auto& item : object_.items()) {
      if (!seen_.contains(item.key()))
        Fail(fmt::format("agent config: unknown key '{}{}'", path_, item.key()));
    }
  }

 private:
  const json& object_;
  std::string path_;
  std::set<std::string> seen_;
};

// Bounds far above any agent's sizes, so that no count of weights can overflow.
constexpr int kMaxSize = 1 << 14, kMaxVocabulary = 1 << 20;
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

// Names of an enumeration's values, in order.
constexpr const char* kPlacements[] = {"layerwise", "last"};
constexpr const char* kVisionKinds[] = {"clip", "conv"};

template <class Enum, size_t n>
const char* Name(Enum value, const char* const (&names)[n]) {
  return names[static_cast<size_t>(value)];
}

template <class Enum, size_t n>
void ReadEnum(FieldReader& reader, const char* key, const char* path, Enum& value,
              const char* const (&names)[n]) {
  std::string name;
  reader.Read(key, name);
  const auto it = std::find(std::begin(names), std::end(names), name);
  if (it == std::end(names)) {
    Fail(fmt::format("agent config: '{}' is '{}', expected {}", path, name, fmt::join(names, " or ")));
  }
  value = static_cast<Enum>(it - std::begin(names));
}

void ValidateCamera(const char* name, const ConvCameraConfig& camera) {
  const auto field = [&](const char* key) { return fmt::format("vision.{}.{}", name, key); };
  RequirePositive(field("input_size").c_str(), camera.input_size);
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
  RequirePositive("vision.image_size", vision.image_size);
  RequireDivides("vision.image_size", vision.image_size, "vision.patch_size", vision.patch_size);
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

void ReadCamera(const json& object, const char* name, ConvCameraConfig& camera) {
  FieldReader reader(object, fmt::format("vision.{}.", name));
  reader.Read("input_size", camera.input_size);
  reader.Read("slots", camera.slots);
  const json& layers = reader.Object("layers");
  reader.Finish();
  if (!layers.is_array())
    Fail(fmt::format("agent config: 'vision.{}.layers' is {}, expected a list", name, Shown(layers)));
  camera.layers.clear();
  for (const json& entry : layers) {
    ConvLayerConfig layer;
    FieldReader fields(entry, fmt::format("vision.{}.layers.", name));
    fields.Read("channels", layer.channels);
    fields.Read("kernel", layer.kernel);
    fields.Read("stride", layer.stride);
    fields.Finish();
    camera.layers.push_back(layer);
  }
}

json CameraJson(const ConvCameraConfig& camera) {
  json layers = json::array();
  for (const ConvLayerConfig& layer : camera.layers)
    layers.push_back({{"channels", layer.channels}, {"kernel", layer.kernel}, {"stride", layer.stride}});
  return {{"input_size", camera.input_size}, {"slots", camera.slots}, {"layers", layers}};
}

void ReadVision(const json& object, VisionConfig& vision) {
  FieldReader reader(object, "vision.");
  ReadEnum(reader, "kind", "vision.kind", vision.kind, kVisionKinds);
  reader.Read("width", vision.width);
  if (vision.kind == VisionKind::kConv) {
    ReadCamera(reader.Object("static"), "static", vision.static_camera);
    ReadCamera(reader.Object("gripper"), "gripper", vision.gripper_camera);
    reader.Read("pixel_mean", vision.pixel_mean);
    reader.Read("pixel_std", vision.pixel_std);
  } else {
    reader.Read("image_size", vision.image_size);
    reader.Read("patch_size", vision.patch_size);
    reader.Read("layers", vision.layers);
    reader.Read("heads", vision.heads);
    reader.Read("output_dim", vision.output_dim);
  }
  reader.Finish();
}

json VisionJson(const VisionConfig& vision) {
  json object = {{"kind", Name(vision.kind, kVisionKinds)}, {"width", vision.width}};
  if (vision.kind == VisionKind::kConv) {
    object["static"] = CameraJson(vision.static_camera);
    object["gripper"] = CameraJson(vision.gripper_camera);
    object["pixel_mean"] = vision.pixel_mean;
    object["pixel_std"] = vision.pixel_std;
  } else {
    object["image_size"] = vision.image_size;
    object["patch_size"] = vision.patch_size;
    object["layers"] = vision.layers;
    object["heads"] = vision.heads;
    object["output_dim"] = vision.output_dim;
  }
  return object;
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
    return config;
  }
  Fail(fmt::format("preset is '{}', expected nano, 3b or 9b", name));
}

AgentConfig ConfigFromJson(const json& object) {
  AgentConfig c;
  FieldReader top(object, "");
  top.Read("name", c.name);
  top.Read("exit_interval", c.exit_interval);
  top.Read("window", c.window);
  top.Read("layer_norm_eps", c.layer_norm_eps);

  ReadVision(top.Object("vision"), c.vision);

  FieldReader perceiver(top.Object("perceiver"), "perceiver.");
  perceiver.Read("depth", c.perceiver.depth);
  perceiver.Read("latents", c.perceiver.latents);
  perceiver.Read("heads", c.perceiver.heads);
  perceiver.Read("head_dim", c.perceiver.head_dim);
  perceiver.Read("ff_mult", c.perceiver.ff_mult);
  perceiver.Finish();

  FieldReader cross(top.Object("cross_attention"), "cross_attention.");
  cross.Read("every_n_layers", c.cross_attention.every_n_layers);
  cross.Read("heads", c.cross_attention.heads);
  cross.Read("head_dim", c.cross_attention.head_dim);
  cross.Read("ff_mult", c.cross_attention.ff_mult);
  cross.Read("gate_init", c.cross_attention.gate_init);
  cross.Finish();

  FieldReader language(top.Object("language"), "language.");
  language.Read("vocab_size", c.language.vocab_size);
  language.Read("width", c.language.width);
  language.Read("layers", c.language.layers);
  language.Read("heads", c.language.heads);
  language.Read("mlp_ratio", c.language.mlp_ratio);
  language.Read("max_seq_len", c.language.max_seq_len);
  language.Read("alibi_bias_max", c.language.alibi_bias_max);
  language.Read("qk_layernorm", c.language.qk_layernorm);
  language.Read("eos_token", c.language.eos_token);
  language.Read("end_of_chunk_token", c.language.end_of_chunk_token);
  language.Read("media_token", c.language.media_token);
  language.Read("pad_token", c.language.pad_token);
  language.Finish();

  FieldReader head(top.Object("head"), "head.");
  head.Read("pool_padding", c.head.pool_padding);
  head.Read("lstm_hidden", c.head.lstm_hidden);
  head.Read("lstm_layers", c.head.lstm_layers);
  head.Read("lstm_layernorm", c.head.lstm_layernorm);
  head.Read("mlp_hidden", c.head.mlp_hidden);
  head.Read("mlp_layernorm", c.head.mlp_layernorm);
  ReadEnum(head, "dropout_placement", "head.dropout_placement", c.head.dropout_placement, kPlacements);
  head.Read("mlp_dropout", c.head.mlp_dropout);
  head.Read("lstm_dropout", c.head.lstm_dropout);
  head.Finish();

  FieldReader state(top.Object("state"), "state.");
  state.Read("use_state", c.state.use_state);
  state.Read("mean", c.state.mean);
  state.Read("scale", c.state.scale);
  state.Read("angles", c.state.angles);
  state.Finish();

  FieldReader prompt(top.Object("prompt"), "prompt.");
  prompt.Read("end_of_text", c.prompt.end_of_text);
  prompt.Read("max_tokens", c.prompt.max_tokens);
  prompt.Finish();
  top.Finish();
  c.Validate();
  return c;
}

json ToJson(const AgentConfig& c) {
  return {{"name", c.name},
          {"exit_interval", c.exit_interval},
          {"window", c.window},
          {"layer_norm_eps", c.layer_norm_eps},
          {"vision", VisionJson(c.vision)},
          {"perceiver",
           {{"depth", c.perceiver.depth},
            {"latents", c.perceiver.latents},
            {"heads", c.perceiver.heads},
            {"head_dim", c.perceiver.head_dim},
            {"ff_mult", c.perceiver.ff_mult}}},
          {"cross_attention",
           {{"every_n_layers", c.cross_attention.every_n_layers},
            {"heads", c.cross_attention.heads},
            {"head_dim", c.cross_attention.head_dim},
            {"ff_mult", c.cross_attention.ff_mult},
            {"gate_init", c.cross_attention.gate_init}}},
          {"language",
           {{"vocab_size", c.language.vocab_size},
            {"width", c.language.width},
            {"layers", c.language.layers},
            {"heads", c.language.heads},
            {"mlp_ratio", c.language.mlp_ratio},
            {"max_seq_len", c.language.max_seq_len},
            {"alibi_bias_max", c.language.alibi_bias_max},
            {"qk_layernorm", c.language.qk_layernorm},
            {"eos_token", c.language.eos_token},
            {"end_of_chunk_token", c.language.end_of_chunk_token},
            {"media_token", c.language.media_token},
            {"pad_token", c.language.pad_token}}},
          {"head",
           {{"pool_padding", c.head.pool_padding},
            {"lstm_hidden", c.head.lstm_hidden},
            {"lstm_layers", c.head.lstm_layers},
            {"lstm_layernorm", c.head.lstm_layernorm},
            {"mlp_hidden", c.head.mlp_hidden},
            {"mlp_layernorm", c.head.mlp_layernorm},
            {"dropout_placement", Name(c.head.dropout_placement, kPlacements)},
            {"mlp_dropout", c.head.mlp_dropout},
            {"lstm_dropout", c.head.lstm_dropout}}},
          {"state",
           {{"use_state", c.state.use_state},
            {"mean", c.state.mean},
            {"scale", c.state.scale},
            {"angles", c.state.angles}}},
          {"prompt", {{"end_of_text", c.prompt.end_of_text}, {"max_tokens", c.prompt.max_tokens}}}};
}

}  // namespace deerbench
