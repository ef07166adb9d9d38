// A whole training run: the stages of a recipe one after the other, each resumable.
#pragma once

#include "harness/training/training.h"

namespace deerbench {

// Returns false if it was stopped before the end; the same request with `resume` goes on. Throws Error for a
// recipe, a folder or data it cannot work with.
bool RunTraining(const TrainingRequest& request, TrainingMonitor& monitor);

}  // namespace deerbench
