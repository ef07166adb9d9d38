#include "tests/agent/recorded.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/checkpoint.h"
#include "base/error.h"

namespace deerbench::test {

std::optional<std::filesystem::path> RecordedFolder(const std::string& what) {
  const char* folder = std::getenv("DEERBENCH_DEER_DATA");
  if (folder == nullptr || *folder == '\0') {
    fmt::print("skip {}: DEERBENCH_DEER_DATA is not set\n", what);
    return {};
  }
  return folder;
}

std::vector<std::filesystem::path> RecordedFiles(const std::filesystem::path& folder,
                                                 const std::string& prefix, const std::string& suffix) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(suffix)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

AgentConfig RecordedConfig(const std::filesystem::path& folder, const std::string& letter) {
  std::ifstream file(folder / ("config_" + letter + ".json"));
  const auto json = nlohmann::json::parse(file);
  AgentConfig c;
  c.name = json.at("name");
  const auto& vit = json.at("vit");
  c.vision.width = json.at("vis_dim");
  c.vision.image_size = vit.at("image_size");
  c.vision.patch_size = vit.at("patch_size");
  c.vision.layers = vit.at("layers");
  c.vision.heads = vit.at("heads");
  c.vision.output_dim = vit.at("output_dim");
  const auto& perceiver = json.at("perceiver");
  c.perceiver = {.depth = perceiver.at("depth"),
                 .latents = perceiver.at("num_latents"),
                 .heads = perceiver.at("heads"),
                 .head_dim = perceiver.at("dim_head"),
                 .ff_mult = perceiver.at("ff_mult")};
  const auto& cross = json.at("xattn");
  c.cross_attention.every_n_layers = json.at("cross_attn_every_n_layers");
  c.cross_attention.heads = cross.at("heads");
  c.cross_attention.head_dim = cross.at("dim_head");
  c.cross_attention.ff_mult = cross.at("ff_mult");
  c.language.vocab_size = json.at("vocab_size");
  c.language.width = json.at("d_model");
  c.language.layers = json.at("n_layers_kept");
  c.language.heads = json.at("n_heads");
  c.language.mlp_ratio = json.at("mlp_ratio");
  c.language.max_seq_len = json.at("max_seq_len");
  c.language.alibi_bias_max = json.at("alibi_bias_max");
  c.language.qk_layernorm = json.at("attn_qk_ln");
  c.language.eos_token = json.at("eos_token_id");
  c.language.end_of_chunk_token = json.at("eoc_token_id");
  c.language.media_token = json.at("media_token_id");
  c.language.pad_token = json.at("pad_token_id");
  c.head.lstm_hidden = json.at("lstm_hidden");
  c.head.lstm_layers = json.at("lstm_num_layers");
  c.head.lstm_layernorm = json.at("lstm_layernorm");
  c.head.mlp_hidden = json.at("mlp_hidden_dims").get<std::vector<int>>();
  c.head.mlp_hidden.resize(json.at("mlp_num_hidden_layers").get<size_t>());
  c.head.mlp_layernorm = json.at("mlp_layernorm");
  c.head.dropout_placement = json.at("dropout_mode") == "last" ? HeadConfig::DropoutPlacement::kLast
                                                               : HeadConfig::DropoutPlacement::kLayerwise;
  c.head.mlp_dropout = json.at("exit_dropout");
  c.head.lstm_dropout = json.at("lstm_dropout");
  c.exit_interval = json.at("exit_interval");
  c.window = json.at("window_size");
  c.layer_norm_eps = json.at("layer_norm_eps");
  c.Validate();
  return c;
}

AgentModel RecordedModel(const std::filesystem::path& folder, const std::string& letter, int layers) {
  const AgentConfig config = RecordedConfig(folder, letter);
  AgentModel model(config, AgentParts{.auxiliary_heads = layers == 0, .layers = layers});
  LoadOptions options;
  if (layers > 0) {
    options.ignored_prefixes = {"lm_head.", "lm_exit_modules."};
    for (int layer = layers; layer < config.language.layers; ++layer) {
      options.ignored_prefixes.push_back(fmt::format("lang_encoder.transformer.blocks.{}.", layer));
    }
  }
  LoadParameters(*model, SafetensorsFile(folder / ("model_" + letter + ".safetensors")), options);
  model->eval();
  return model;
}

torch::Tensor ToTensor(const NpyArray& array) {
  const auto type = array.dtype == "f4"   ? torch::kFloat32
                    : array.dtype == "i8" ? torch::kInt64
                    : array.dtype == "u1" ? torch::kUInt8
                                          : throw Error("recorded array has unexpected type " + array.dtype);
  return torch::from_blob(const_cast<uint8_t*>(array.bytes.data()), array.shape, type).clone();
}

double MaxError(const torch::Tensor& a, const torch::Tensor& b) {
  Require(a.sizes() == b.sizes(), "recorded and computed tensors have different shapes");
  return (a.to(torch::kFloat64) - b.to(torch::kFloat64)).abs().max().item<double>();
}

}  // namespace deerbench::test
