#include "agent/random_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "agent/checkpoint_folder.h"
#include "agent/prompt.h"
#include "agent/tensor_layout.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/random.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kSlackBytes = uint64_t{256} << 20;  // of the disk, that is left for others

bool EndsWith(std::string_view name, std::string_view end) { return name.ends_with(end); }

// mean + deviation * uniform of unit variance.
struct Distribution {
  double mean = 0, deviation = 0;
};

Distribution DistributionOf(const TensorLayout& tensor, const AgentConfig& config) {
  const std::string_view name = tensor.name;
  if (EndsWith(name, "_gate")) return {.mean = 0.5};
  if (EndsWith(name, "wte.weight")) return {.deviation = 0.5};
  if (name == "perceiver.latents") return {.deviation = 1};
  if (EndsWith(name, "embedding")) return {.deviation = 1 / std::sqrt(config.vision.width)};
  if (EndsWith(name, "slot_bias")) return {.deviation = 0.5};
  if (tensor.shape.size() == 1) {
    return EndsWith(name, ".weight") ? Distribution{.mean = 1, .deviation = 0.1}
                                     : Distribution{.mean = 0, .deviation = 0.1};
  }
  double fan_in = 1;
  for (size_t i = 1; i < tensor.shape.size(); ++i) fan_in *= static_cast<double>(tensor.shape[i]);
  if (EndsWith(name, "slot_weight")) fan_in = static_cast<double>(tensor.shape[1]);
  // What adds to the residual stream is kept small: a deep model's stream would grow layer by layer.
  const bool residual = EndsWith(name, "out_proj.weight") || EndsWith(name, "mlp_down.weight") ||
                        EndsWith(name, "to_out.weight") || EndsWith(name, "c_proj.weight") ||
                        EndsWith(name, ".3.weight");
  return {.deviation = (residual ? 1 / std::sqrt(2.0 * config.language.layers) : 1.0) / std::sqrt(fan_in)};
}

void WriteValues(AtomicFile& file, const TensorLayout& tensor, const Distribution& distribution,
                 uint64_t seed) {
  constexpr int64_t kPiece = 1 << 16;
  const auto mean = static_cast<float>(distribution.mean);
  const auto scale = static_cast<float>(distribution.deviation * std::sqrt(3.0) * 0x1p-31);
  SplitMix64 random(seed);
  std::vector<float> values(std::min(kPiece, tensor.count() + 1));
  for (int64_t left = tensor.count(); left > 0; left -= kPiece) {
    const auto count = static_cast<size_t>(std::min(left, kPiece));
    for (size_t i = 0; i < count; i += 2) {
      const uint64_t bits = random.Next();
      values[i] = mean + scale * static_cast<float>(static_cast<int32_t>(bits));
      if (i + 1 < count) values[i + 1] = mean + scale * static_cast<float>(static_cast<int32_t>(bits >> 32));
    }
    file.Write({reinterpret_cast<const char*>(values.data()), count * sizeof(float)});
  }
}

uint64_t Bytes(const TensorLayout& tensor) { return 4 * static_cast<uint64_t>(tensor.count()); }

}  // namespace

AgentConfig RandomCheckpointConfig(const std::string& preset, int layers, const std::string& tokenizer) {
  AgentConfig config = PresetConfig(preset);
  if (layers != 0) config.language.layers = layers;
  const int vocabulary = config.language.vocab_size;
  FitToTokenizer(Tokenizer::FromJson(tokenizer, "tokenizer.json"), config.language);
  config.language.vocab_size = std::max(vocabulary, config.language.vocab_size);
  config.Validate();
  return config;
}

uint64_t RandomCheckpointBytes(const AgentConfig& config) {
  uint64_t bytes = 0;
  for (const TensorLayout& tensor : CheckpointTensors(config)) bytes += Bytes(tensor);
  return bytes;
}

void WriteRandomCheckpoint(const fs::path& path, const AgentConfig& config, const std::string& tokenizer,
                           const RandomCheckpointOptions& options) {
  if (fs::exists(path) && !fs::is_empty(path))
    Fail(fmt::format("{}: holds something, expected a new or an empty folder", path.string()));
  fs::create_directories(path);
  const uint64_t needed = RandomCheckpointBytes(config) + kSlackBytes, free = fs::space(path).available;
  if (free < needed)
    Fail(fmt::format("{}: the disk has {} MiB left, expected {}", path.string(), free >> 20, needed >> 20));

  const std::vector<TensorLayout> tensors = CheckpointTensors(config);
  std::vector<std::vector<const TensorLayout*>> shards(1);
  uint64_t filled = 0;
  for (const TensorLayout& tensor : tensors) {
    if (filled > 0 && filled + Bytes(tensor) > options.shard_bytes) {
      shards.emplace_back();
      filled = 0;
    }
    shards.back().push_back(&tensor);
    filled += Bytes(tensor);
  }
  nlohmann::json map = nlohmann::json::object();
  uint64_t seed = options.seed << 32;
  for (size_t i = 0; i < shards.size(); ++i) {
    const std::string name = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    nlohmann::json header = nlohmann::json::object();
    uint64_t offset = 0;
    for (const TensorLayout* tensor : shards[i]) {
      header[tensor->name] = {
          {"dtype", "F32"}, {"shape", tensor->shape}, {"data_offsets", {offset, offset + Bytes(*tensor)}}};
      offset += Bytes(*tensor);
      map[tensor->name] = name;
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');  // so that numbers lie at multiples of their size
    const uint64_t size = text.size();
    AtomicFile file(path / name);
    file.Write({reinterpret_cast<const char*>(&size), sizeof(size)});
    file.Write(text);
    for (const TensorLayout* tensor : shards[i])
      WriteValues(file, *tensor, DistributionOf(*tensor, config), ++seed);
    file.Commit();
  }
  const nlohmann::json index = {{"metadata", {{"total_size", RandomCheckpointBytes(config)}}},
                                {"weight_map", map}};
  WriteFileAtomically(path / "model.safetensors.index.json", index.dump(1) + "\n");
  // Last: until then the folder is no checkpoint.
  WriteCheckpointTexts(path, config, tokenizer,
                       {.name = config.name + "-random",
                        .train_scenes = {"D"},
                        .env_version = "none",
                        .details = {{"random_weights", true}, {"seed", options.seed}}});
}

}  // namespace deerbench
