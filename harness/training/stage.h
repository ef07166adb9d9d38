// What the stages of a training run share.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <string>

#include "agent/config.h"
#include "agent/training/optimizer.h"
#include "harness/training/demo_set.h"
#include "harness/training/metrics.h"
#include "harness/training/recipe.h"
#include "harness/training/training.h"
#include "sim/env/tabletop.h"

namespace deerbench {

struct StageContext {
  const Recipe& recipe;
  const TrainingRequest& request;
  TrainingMonitor& monitor;
  MetricsLog& metrics;
  AgentConfig agent;
  torch::Device device = torch::kCPU;
  int threads = 1;  // of this process

  std::filesystem::path File(const std::string& name) const { return request.out / name; }
  // Scenes by letter, loaded when they are first asked for.
  const std::map<std::string, TabletopScene>& Scenes(const std::vector<std::string>& letters);

  std::map<std::string, TabletopScene> loaded_scenes = {};
};

OptimizerConfig MakeOptimizerConfig(const StepRecipe& recipe);

// Weights and optimiser of an unfinished stage in one file, with what they belong to; whole or not at all.
struct StageState {
  std::string key;  // what decides whether an earlier state can go on: anything else starts anew
  int step = 0;
  std::map<std::string, torch::Tensor> tensors;
};
void SaveState(const std::filesystem::path& path, const StageState& state);
// False if there is none, or one with another key.
bool LoadState(const std::filesystem::path& path, const std::string& key, StageState& state);

// True if `result` is there. Says so where its stage's state has another key: a finished stage is kept.
bool StageDone(const StageContext& context, const std::filesystem::path& result,
               const std::filesystem::path& state, const std::string& key);

}  // namespace deerbench
