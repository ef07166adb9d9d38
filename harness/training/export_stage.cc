#include "harness/training/export_stage.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/checkpoint_folder.h"
#include "agent/safetensors.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/version.h"
#include "sim/env/env_version.h"

namespace deerbench {
namespace {

// The last line of metrics.jsonl of each stage: what the figures were at the end.
nlohmann::json LastFigures(const std::filesystem::path& metrics) {
  nlohmann::json last = nlohmann::json::object();
  std::istringstream lines(ReadFile(metrics));
  for (std::string line; std::getline(lines, line);) {
    auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("stage")) continue;  // a line that a kill cut short
    const std::string stage = json["stage"];
    json.erase("stage");
    json.erase("wall_s");
    last[stage] = std::move(json);
  }
  return last;
}

}  // namespace

std::filesystem::path ExportCheckpoint(const StageContext& context, const ExportInput& input) {
  const std::filesystem::path folder = context.File(context.recipe.name);
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& [name, tensor] : input.weights) {
    if (name.starts_with("lm_head.") || name.starts_with("lm_exit_modules.")) continue;
    tensors[name] = tensor.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  }
  CheckpointMetadata metadata;
  metadata.name = context.recipe.name;
  metadata.train_scenes = context.recipe.data.scenes;
  metadata.env_version = fmt::format("v{}", kEnvVersion);
  metadata.details = {{"program_version", Version()},
                      {"trained", input.from},
                      {"data_sha256", input.data_digest},
                      {"frames", input.frames},
                      {"recipe_sha256", Sha256Hex(ReadFile(context.File("recipe.yaml")))},
                      {"seed", context.recipe.seed},
                      {"assets", context.request.assets_dir.empty() ? "own" : "calvin"},
                      {"figures", LastFigures(context.File("metrics.jsonl"))}};
  std::filesystem::create_directories(folder);
  WriteSafetensors(folder / "model.safetensors", tensors);
  const std::string tokenizer =
      ReadFile(std::filesystem::path(context.request.scenes_dir) / "tokenizer.json");
  WriteCheckpointTexts(folder, context.agent, tokenizer, metadata);
  return folder;
}

}  // namespace deerbench
