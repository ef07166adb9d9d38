#include "tests/agent/recorded_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "agent/tensor_file.h"
#include "base/error.h"

namespace deerbench::test {
namespace {

nlohmann::json RecordedJson(const std::filesystem::path& folder, const std::string& letter) {
  std::ifstream file(folder / ("config_" + letter + ".json"));
  return nlohmann::json::parse(file);
}

// The same tensors by other names.
void WriteRenamed(const TensorFile& tensors, const std::map<std::string, std::string>& names,
                  const std::filesystem::path& path) {
  nlohmann::json header;
  uint64_t end = 0;
  for (const auto& [name, tensor] : tensors.entries()) {
    const uint64_t begin = end;
    end += tensor.bytes;
    header[names.at(name)] = {{"dtype", std::string(TensorTypeName(tensor.type))},
                              {"shape", tensor.shape},
                              {"data_offsets", {begin, end}}};
  }
  const std::string text = header.dump();
  const uint64_t size = text.size();
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&size), sizeof(size));
  file << text;
  for (const auto& [name, tensor] : tensors.entries())
    file.write(reinterpret_cast<const char*>(tensor.data), static_cast<std::streamsize>(tensor.bytes));
  Require(file.good(), "recorded weights: cannot write them under our names");
}

}  // namespace

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
  const nlohmann::json json = RecordedJson(folder, letter);
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
  c.head.dropout_placement = RecordedPlacement(json.at("dropout_mode"));
  c.head.mlp_dropout = json.at("exit_dropout");
  c.head.lstm_dropout = json.at("lstm_dropout");
  c.prompt.max_tokens = std::min(32, c.language.max_seq_len);
  c.exit_interval = json.at("exit_interval");
  c.window = json.at("window_size");
  c.layer_norm_eps = json.at("layer_norm_eps");
  c.Validate();
  return c;
}

HeadConfig::DropoutPlacement RecordedPlacement(const std::string& dropout_mode) {
  if (dropout_mode == "layerwise") return HeadConfig::DropoutPlacement::kLayerwise;
  if (dropout_mode == "last" || dropout_mode == "wo_last") return HeadConfig::DropoutPlacement::kLast;
  Fail(fmt::format("recorded dropout_mode is '{}', expected layerwise, last or wo_last", dropout_mode));
}

std::map<std::string, std::string> OurNames(const std::map<std::string, size_t>& dimensions,
                                            const std::string& dropout_mode) {
  static const std::regex kPart(R"((.*\.(?:actions|gripper)\.mlp)\.(\d+)\.(weight|bias))");
  std::map<std::string, std::string> names;
  std::map<std::string, std::map<int, int>> numbers;  // of each network's parts: ours by the recorded ones
  for (const auto& [name, count] : dimensions) {
    names[name] = name;
    std::smatch part;
    if (dropout_mode == "wo_last" && std::regex_match(name, part, kPart))
      numbers[part[1].str()][std::stoi(part[2].str())] = 0;
  }
  for (auto& [network, parts] : numbers) {
    int next = 0;
    for (auto& [recorded, ours] : parts) {
      const auto weight = dimensions.find(fmt::format("{}.{}.weight", network, recorded));
      if (weight != dimensions.end() && weight->second == 1) {  // a norm, right behind its matrix
        ours = std::max(next - 2, 0);
      } else if (recorded == parts.rbegin()->first) {
        ours = next > 0 ? next + 1 : 0;  // behind the one dropout
      } else {
        ours = next;
        next += 3;  // matrix, norm or nothing, ReLU
      }
    }
  }
  for (auto& [recorded, ours] : names) {
    std::smatch part;
    if (numbers.empty() || !std::regex_match(recorded, part, kPart)) continue;
    const std::string network = part[1].str();
    ours = fmt::format("{}.{}.{}", network, numbers.at(network).at(std::stoi(part[2].str())), part[3].str());
  }
  return names;
}

RecordedWeights::RecordedWeights(const std::filesystem::path& folder, const std::string& letter)
    : path_(folder / ("model_" + letter + ".safetensors")) {
  const std::string dropout_mode = RecordedJson(folder, letter).at("dropout_mode");
  const TensorFile tensors(path_);
  std::map<std::string, size_t> dimensions;
  for (const auto& [name, tensor] : tensors.entries()) dimensions[name] = tensor.shape.size();
  names_ = OurNames(dimensions, dropout_mode);
  if (std::all_of(names_.begin(), names_.end(),
                  [](const auto& entry) { return entry.first == entry.second; }))
    return;
  folder_.emplace();
  path_ = folder_->path() / path_.filename();
  WriteRenamed(tensors, names_, path_);
}

std::string RecordedLetter(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  const size_t begin = name.find('_') + 1;
  return name.substr(begin, name.find('_', begin) - begin);
}

ExitOptions RecordedExits(const Npz& rollout) {
  ExitOptions options;
  const auto ids = rollout.at("exit_ids").ints();
  options.exit_layers.assign(ids.begin(), ids.end());
  options.thresholds = rollout.at("thresholds").floats();
  options.max_layer = static_cast<int>(rollout.at("controller_max_layer_index").ints()[0]);
  options.steps_per_stage = static_cast<int>(rollout.at("steps_per_stage").ints()[0]);
  return options;
}

void ActionError::Add(const ExitStep& step, const double* recorded) {
  for (int i = 0; i < 7; ++i) {
    const int exponent = std::max(std::ilogb(std::max(std::abs(recorded[i]), 1e-8)), -14);
    const double ulp = std::ldexp(1.0, exponent - 10);
    const double value = i < 6 ? step.pose[i] : step.action[6];
    const double distance = std::abs(value - recorded[i]);
    unrounded_ulps = std::max(unrounded_ulps, distance / ulp);
    beyond = std::max(beyond, distance - ulp / 2);
    equal += step.action[i] == recorded[i];
    ++count;
  }
}

}  // namespace deerbench::test
