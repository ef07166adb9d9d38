// Stage `bc`, and the training after each DAgger round: behaviour cloning of everything behind the vision
// encoder.
#pragma once

#include "harness/training/stage.h"
#include "harness/training/windows.h"

namespace deerbench {

struct CloningJob {
  std::string name;            // "bc", "dagger-1": of its files and its metrics
  std::filesystem::path from;  // weights to begin with, empty for fresh ones
  CloningRecipe recipe;
  int grown_from = 0;  // exits that `from` has trained, where this job trains more; else 0
};

// How many exits, from the first one on, a recipe trains.
int TrainedExits(const StageContext& context, const CloningRecipe& recipe);

// Weights a job leaves: every parameter of an AgentModel with auxiliary heads, the vision encoder's too.
std::filesystem::path CloningResult(const StageContext& context, const std::string& name);

// True once the weights are there; says so where the recipe has changed since.
bool CloningDone(const StageContext& context, const CloningJob& job);

// Goes on where it was stopped. Returns false if it was stopped again before the end.
bool TrainCloning(StageContext& context, const CloningJob& job, const DemoSet& data,
                  const TokenStores& tokens, const Phrasings& phrasings);

// The weights of an unfinished job as they are now, in the same form; false if it has not begun.
bool SnapshotCloning(StageContext& context, const CloningJob& job,
                     std::map<std::string, torch::Tensor>& weights, int& step);

}  // namespace deerbench
