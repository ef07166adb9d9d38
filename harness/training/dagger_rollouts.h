// DAgger (Ross, Gordon, Bagnell 2011): the agent acts, the expert says at every step what it would have done.
#pragma once

#include "datasets/collect_plan.h"
#include "harness/training/stage.h"
#include "harness/training/windows.h"
#include "sim/tasks/instructions.h"

namespace deerbench {

struct RolloutJob {
  std::string name;               // "dagger-1": of the files, and the demonstrations' source
  std::filesystem::path weights;  // of the agent that acts
  CollectSettings plan;           // worlds and tasks; its noise is not used
  int exits = 0;                  // it takes one of the first so many
};

// Demonstrations of a job.
std::filesystem::path RolloutFile(const StageContext& context, const std::string& name);

// Plays until `recipe.dagger.rollouts` subtasks of the agent are in the file, with their tokens beside it.
// Worlds are played in groups of `worlds`; a group that was stopped is played again. Returns false if it was
// stopped.
bool CollectRollouts(StageContext& context, const RolloutJob& job, const Instructions& instructions,
                     const Phrasings& phrasings);

}  // namespace deerbench
