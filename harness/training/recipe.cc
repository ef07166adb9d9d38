#include "harness/training/recipe.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "datasets/collect_plan.h"
#include "sim/scene/yaml_reader.h"

namespace deerbench {
namespace {

constexpr int kMany = 1'000'000'000;

void ReadAtLeast(const YamlReader& yaml, const char* key, int min, int& value) {
  if (yaml.Has(key)) value = yaml.Integer(key, min, kMany);
}

void ReadWithin(const YamlReader& yaml, const char* key, double min, double max, double& value) {
  value = yaml.Number(key, value);
  if (!(value >= min && value <= max))
    yaml.Bad(fmt::format("{} is {}, expected {} to {}", key, value, min, max));
}

void ReadSteps(const YamlReader& yaml, StepRecipe& steps) {
  ReadAtLeast(yaml, "steps", 1, steps.steps);
  ReadAtLeast(yaml, "batch", 1, steps.batch);
  ReadAtLeast(yaml, "warmup_steps", 1, steps.warmup_steps);
  ReadAtLeast(yaml, "save_every", 1, steps.save_every);
  ReadWithin(yaml, "learning_rate", 1e-9, 1, steps.learning_rate);
  ReadWithin(yaml, "final_fraction", 0, 1, steps.final_fraction);
  ReadWithin(yaml, "weight_decay", 0, 10, steps.weight_decay);
  ReadWithin(yaml, "max_gradient_norm", 0, 1e9, steps.max_gradient_norm);
  ReadWithin(yaml, "average_decay", 0, 0.99999, steps.average_decay);
}

DataRecipe ReadData(const YamlReader& yaml) {
  yaml.AllowKeys({"scenes", "demonstrations", "noise", "view_shift_m"});
  DataRecipe data;
  for (const char letter : yaml.Text("scenes")) {
    if (letter < 'A' || letter > 'D')
      yaml.Bad(fmt::format("scenes holds '{}', expected letters A to D", letter));
    if (std::find(data.scenes.begin(), data.scenes.end(), std::string(1, letter)) != data.scenes.end())
      yaml.Bad(fmt::format("scenes holds '{}' twice, expected each letter once", letter));
    data.scenes.emplace_back(1, letter);
  }
  data.demonstrations = yaml.Integer("demonstrations", 1, kMany);
  ReadWithin(yaml, "noise", 0, 10, data.noise);
  ReadWithin(yaml, "view_shift_m", 0, 0.2, data.view_shift_m);
  return data;
}

VisionRecipe ReadVision(const YamlReader& yaml) {
  yaml.AllowKeys({"steps", "batch", "warmup_steps", "save_every", "learning_rate", "final_fraction",
                  "weight_decay", "max_gradient_norm", "average_decay", "frames", "hidden", "flag_weight",
                  "class_weight", "visible_pixels", "color_jitter", "landmark_weight"});
  VisionRecipe vision;
  ReadSteps(yaml, vision);
  ReadAtLeast(yaml, "frames", 1, vision.frames);
  ReadAtLeast(yaml, "hidden", 1, vision.hidden);
  ReadAtLeast(yaml, "visible_pixels", 0, vision.visible_pixels);
  ReadWithin(yaml, "color_jitter", 0, 2, vision.color_jitter);
  ReadWithin(yaml, "flag_weight", 0, 1e6, vision.flag_weight);
  ReadWithin(yaml, "landmark_weight", 0, 1e6, vision.landmark_weight);
  ReadWithin(yaml, "class_weight", 0, 1e6, vision.class_weight);
  return vision;
}

CloningRecipe ReadCloning(const YamlReader& yaml) {
  yaml.AllowKeys({"steps", "batch", "warmup_steps", "save_every", "learning_rate", "final_fraction",
                  "weight_decay", "max_gradient_norm", "average_decay", "gripper_weight", "task_balance",
                  "chunk", "huber_delta", "exits", "color_jitter", "slot_swaps"});
  CloningRecipe cloning;
  ReadSteps(yaml, cloning);
  ReadWithin(yaml, "gripper_weight", 0, 1e6, cloning.gripper_weight);
  ReadWithin(yaml, "task_balance", 0, 1, cloning.task_balance);
  ReadAtLeast(yaml, "chunk", 1, cloning.chunk);
  ReadWithin(yaml, "color_jitter", 0, 2, cloning.color_jitter);
  ReadWithin(yaml, "slot_swaps", 0, 1, cloning.slot_swaps);
  ReadAtLeast(yaml, "exits", 0, cloning.exits);
  ReadWithin(yaml, "huber_delta", 1e-6, 1e6, cloning.huber_delta);
  return cloning;
}

DaggerRecipe ReadDagger(const YamlReader& yaml) {
  yaml.AllowKeys({"rounds", "rollouts", "worlds", "max_steps", "beta", "expert_steps", "steps",
                  "learning_rate", "slot_swaps"});
  DaggerRecipe dagger;
  ReadAtLeast(yaml, "rounds", 0, dagger.rounds);
  ReadAtLeast(yaml, "rollouts", 1, dagger.rollouts);
  if (yaml.Has("worlds")) dagger.worlds = yaml.Integer("worlds", 1, static_cast<int>(CollectPlan::kLag));
  ReadAtLeast(yaml, "max_steps", 1, dagger.max_steps);
  ReadAtLeast(yaml, "expert_steps", 0, dagger.expert_steps);
  ReadAtLeast(yaml, "steps", 1, dagger.steps);
  ReadWithin(yaml, "beta", 0, 1, dagger.beta);
  ReadWithin(yaml, "slot_swaps", 0, 1, dagger.slot_swaps);
  ReadWithin(yaml, "learning_rate", 1e-9, 1, dagger.learning_rate);
  return dagger;
}

DeepenRecipe ReadDeepen(const YamlReader& yaml) {
  yaml.AllowKeys({"steps", "learning_rate"});
  DeepenRecipe deepen;
  ReadAtLeast(yaml, "steps", 0, deepen.steps);
  ReadWithin(yaml, "learning_rate", 1e-9, 1, deepen.learning_rate);
  return deepen;
}

}  // namespace

std::string StepKey(const StepRecipe& steps) {
  return fmt::format("steps {} batch {} warmup {} lr {} to {} wd {} clip {} average {}", steps.steps,
                     steps.batch, steps.warmup_steps, steps.learning_rate, steps.final_fraction,
                     steps.weight_decay, steps.max_gradient_norm, steps.average_decay);
}

Recipe ReadRecipe(const std::filesystem::path& file) {
  const YamlReader yaml = YamlReader::FromFile(file);
  yaml.AllowKeys({"name", "agent", "seed", "data", "vision", "cloning", "dagger", "deepen"});
  Recipe recipe;
  recipe.name = yaml.Text("name");
  if (yaml.Has("agent")) recipe.agent = yaml.Text("agent");
  if (yaml.Has("seed")) recipe.seed = static_cast<uint64_t>(yaml.Integer("seed", 0, kMany));
  recipe.data = ReadData(yaml.Child("data"));
  recipe.vision = ReadVision(yaml.Child("vision"));
  recipe.cloning = ReadCloning(yaml.Child("cloning"));
  if (yaml.Has("dagger")) recipe.dagger = ReadDagger(yaml.Child("dagger"));
  if (yaml.Has("deepen")) recipe.deepen = ReadDeepen(yaml.Child("deepen"));
  if (std::max(recipe.cloning.slot_swaps, recipe.dagger.slot_swaps) > 0 && recipe.vision.landmark_weight <= 0)
    Fail(fmt::format(
        "{}: slot_swaps: expected vision.landmark_weight above 0 beside it, which gives slots their meaning",
        file.string()));
  return recipe;
}

}  // namespace deerbench
