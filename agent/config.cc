#include "agent/config.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"

namespace deerbench {
namespace {

using nlohmann::json;

// Reads one object's fields and insists that every key was asked for.
class FieldReader {
 public:
  FieldReader(const json& object, std::string path) : object_(object), path_(std::move(path)) {
    if (!object.is_object())
      Fail(fmt::format("agent config: '{}' is {}, expected an object", path_, object.dump()));
  }

  template <class T>
  void Read(const char* key, T& value) {
    seen_.insert(key);
    const auto it = object_.find(key);
    if (it == object_.end()) Fail(fmt::format("agent config: key '{}{}' is missing", path_, key));
    try {
      it->get_to(value);
    } catch (const json::exception&) {
      Fail(fmt::format("agent config: key '{}{}' is {}, expected another type", path_, key, it->dump()));
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

void RequirePositive(const char* field, int value) {
  if (value < 1) Fail(fmt::format("agent config: '{}' is {}, expected at least 1", field, value));
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

const char* Name(HeadConfig::DropoutPlacement placement) {
  return placement == HeadConfig::DropoutPlacement::kLayerwise ? "layerwise" : "last";
}

}  // namespace

std::vector<int> AgentConfig::ExitLayers() const {
  std::vector<int> exits;
  for (int layer = exit_interval - 1; layer < language.layers - 1; layer += exit_interval)
    exits.push_back(layer);
  exits.push_back(language.layers - 1);
  return exits;
}

void AgentConfig::Validate() const {
  RequirePositive("vision.patch_size", vision.patch_size);
  RequirePositive("vision.image_size", vision.image_size);
  RequireDivides("vision.image_size", vision.image_size, "vision.patch_size", vision.patch_size);
  RequirePositive("vision.layers", vision.layers);
  RequirePositive("vision.heads", vision.heads);
  RequirePositive("vision.width", vision.width);
  RequireDivides("vision.width", vision.width, "vision.heads", vision.heads);
  RequirePositive("vision.output_dim", vision.output_dim);
  RequirePositive("perceiver.depth", perceiver.depth);
  RequirePositive("perceiver.latents", perceiver.latents);
  RequirePositive("perceiver.heads", perceiver.heads);
  RequirePositive("perceiver.head_dim", perceiver.head_dim);
  RequirePositive("perceiver.ff_mult", perceiver.ff_mult);
  RequirePositive("cross_attention.every_n_layers", cross_attention.every_n_layers);
  RequirePositive("cross_attention.heads", cross_attention.heads);
  RequirePositive("cross_attention.head_dim", cross_attention.head_dim);
  RequirePositive("cross_attention.ff_mult", cross_attention.ff_mult);
  RequirePositive("language.vocab_size", language.vocab_size);
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
  if (head.mlp_hidden.empty()) Fail("agent config: 'head.mlp_hidden' is [], expected at least one width");
  for (const int width : head.mlp_hidden) RequirePositive("head.mlp_hidden", width);
  RequireRate("head.mlp_dropout", head.mlp_dropout);
  RequireRate("head.lstm_dropout", head.lstm_dropout);
  RequirePositive("exit_interval", exit_interval);
  RequirePositive("window", window);
  if (!(layer_norm_eps > 0))
    Fail(fmt::format("agent config: 'layer_norm_eps' is {}, expected above 0", layer_norm_eps));
}

AgentConfig PresetConfig(const std::string& name) {
  AgentConfig config;
  config.name = name;
  if (name == "3b") return config;
  if (name == "9b") {
    config.cross_attention.every_n_layers = 4;
    config.language.width = 4096;
    config.language.layers = 32;
    config.language.heads = 32;
    config.language.qk_layernorm = false;
    config.exit_interval = 4;
    return config;
  }
  Fail(fmt::format("preset is '{}', expected 3b or 9b", name));
}

AgentConfig ConfigFromJson(const json& object) {
  AgentConfig c;
  FieldReader top(object, "");
  top.Read("name", c.name);
  top.Read("exit_interval", c.exit_interval);
  top.Read("window", c.window);
  top.Read("layer_norm_eps", c.layer_norm_eps);

  FieldReader vision(top.Object("vision"), "vision.");
  vision.Read("image_size", c.vision.image_size);
  vision.Read("patch_size", c.vision.patch_size);
  vision.Read("width", c.vision.width);
  vision.Read("layers", c.vision.layers);
  vision.Read("heads", c.vision.heads);
  vision.Read("output_dim", c.vision.output_dim);
  vision.Finish();

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
  std::string placement;
  head.Read("lstm_hidden", c.head.lstm_hidden);
  head.Read("lstm_layers", c.head.lstm_layers);
  head.Read("lstm_layernorm", c.head.lstm_layernorm);
  head.Read("mlp_hidden", c.head.mlp_hidden);
  head.Read("mlp_layernorm", c.head.mlp_layernorm);
  head.Read("dropout_placement", placement);
  head.Read("mlp_dropout", c.head.mlp_dropout);
  head.Read("lstm_dropout", c.head.lstm_dropout);
  head.Finish();
  top.Finish();

  if (placement == "layerwise") {
    c.head.dropout_placement = HeadConfig::DropoutPlacement::kLayerwise;
  } else if (placement == "last") {
    c.head.dropout_placement = HeadConfig::DropoutPlacement::kLast;
  } else {
    Fail(
        fmt::format("agent config: 'head.dropout_placement' is '{}', expected layerwise or last", placement));
  }
  c.Validate();
  return c;
}

json ToJson(const AgentConfig& c) {
  return {{"name", c.name},
          {"exit_interval", c.exit_interval},
          {"window", c.window},
          {"layer_norm_eps", c.layer_norm_eps},
          {"vision",
           {{"image_size", c.vision.image_size},
            {"patch_size", c.vision.patch_size},
            {"width", c.vision.width},
            {"layers", c.vision.layers},
            {"heads", c.vision.heads},
            {"output_dim", c.vision.output_dim}}},
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
            {"ff_mult", c.cross_attention.ff_mult}}},
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
           {{"lstm_hidden", c.head.lstm_hidden},
            {"lstm_layers", c.head.lstm_layers},
            {"lstm_layernorm", c.head.lstm_layernorm},
            {"mlp_hidden", c.head.mlp_hidden},
            {"mlp_layernorm", c.head.mlp_layernorm},
            {"dropout_placement", Name(c.head.dropout_placement)},
            {"mlp_dropout", c.head.mlp_dropout},
            {"lstm_dropout", c.head.lstm_dropout}}}};
}

}  // namespace deerbench
