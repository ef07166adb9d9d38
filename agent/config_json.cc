// AgentConfig as config.json holds it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <type_traits>

#include "agent/config.h"
#include "agent/json_text.h"
#include "base/error.h"

namespace deerbench {
namespace {

using nlohmann::json;

constexpr double kMaxInteger = 1 << 30;

bool IsInteger(const json& value) {
  return value.is_number_integer() && std::abs(value.get<double>()) <= kMaxInteger;
}

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
    // The JSON library would cut fractions off.
    if constexpr (std::is_same_v<T, int>) {
      if (!IsInteger(*it))
        Fail(fmt::format("agent config: key '{}{}' is {}, expected an integer", path_, key, Shown(*it)));
    } else if constexpr (std::is_same_v<T, std::vector<int>>) {
      if (!it->is_array() || !std::all_of(it->begin(), it->end(), IsInteger))
        Fail(fmt::format("agent config: key '{}{}' is {}, expected a list of integers", path_, key,
                         Shown(*it)));
    }
    try {
      it->get_to(value);
    } catch (const json::exception&) {
      Fail(fmt::format("agent config: key '{}{}' is {}, expected another type", path_, key, Shown(*it)));
    }
  }

  // Leaves `value` as it is where there is no such key.
  template <class T>
  void ReadOptional(const char* key, T& value) {
    seen_.insert(key);
    if (object_.contains(key)) Read(key, value);
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

AgentConfig ConfigFromJson(const json& object) {
  AgentConfig c;
  FieldReader top(object, "");
  top.Read("name", c.name);
  top.Read("exit_interval", c.exit_interval);
  top.Read("window", c.window);
  top.Read("layer_norm_eps", c.layer_norm_eps);
  top.ReadOptional("skip_first_exit", c.skip_first_exit);

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
  json object = {{"name", c.name},
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
  if (c.skip_first_exit) object["skip_first_exit"] = true;
  return object;
}

}  // namespace deerbench
