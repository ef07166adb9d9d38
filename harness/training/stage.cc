#include "harness/training/stage.h"

#include <fmt/format.h>

#include "agent/safetensors.h"

namespace deerbench {

const std::map<std::string, TabletopScene>& StageContext::Scenes(const std::vector<std::string>& letters) {
  for (const std::string& letter : letters)
    if (!loaded_scenes.contains(letter))
      loaded_scenes.emplace(letter, LoadTabletopScene(letter, request.scenes_dir, request.assets_dir));
  return loaded_scenes;
}

OptimizerConfig MakeOptimizerConfig(const StepRecipe& recipe) {
  OptimizerConfig config;
  config.learning_rate = recipe.learning_rate;
  config.weight_decay = recipe.weight_decay;
  config.max_gradient_norm = recipe.max_gradient_norm;
  config.average_decay = recipe.average_decay;
  config.warmup_steps = recipe.warmup_steps;
  config.steps = recipe.steps;
  config.final_fraction = recipe.final_fraction;
  return config;
}

void SaveState(const std::filesystem::path& path, const StageState& state) {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& [name, tensor] : state.tensors)
    tensors[name] = tensor.detach().to(torch::kCPU).contiguous();
  WriteSafetensors(path, tensors, {{"key", state.key}, {"step", std::to_string(state.step)}});
}

bool LoadState(const std::filesystem::path& path, const std::string& key, StageState& state) {
  if (!std::filesystem::exists(path)) return false;
  const SafetensorsFile file(path);
  const auto& notes = file.metadata();
  if (!notes.contains("key") || notes.at("key") != key || !notes.contains("step")) return false;
  state.key = key;
  state.step = std::stoi(notes.at("step"));
  for (const std::string& name : file.names()) state.tensors[name] = file.Get(name).clone();
  return true;
}

bool StageDone(const StageContext& context, const std::filesystem::path& result,
               const std::filesystem::path& state, const std::string& key) {
  if (!std::filesystem::exists(result)) return false;
  if (std::filesystem::exists(state)) {
    const SafetensorsFile file(state);
    const auto found = file.metadata().find("key");
    if (found != file.metadata().end() && found->second != key)
      context.monitor.Print(fmt::format("{}: kept, trained with other settings than the recipe's: {}",
                                        result.filename().string(), found->second));
  }
  return true;
}

}  // namespace deerbench
