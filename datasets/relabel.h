// What today's expert answers at every moment of a demonstration, whoever acted in it.
#pragma once

#include <memory>

#include "datasets/demonstration.h"
#include "sim/physics/scene_model.h"

namespace deerbench {

struct RelabelOutcome {
  int changed = 0;  // steps whose label is another: by more than 0.05 in any number, or there now or no more
  double largest = 0;  // difference between old and new in any number of an action
};

// Restores the first moment, executes every executed action as Replay does, and puts the expert's answers in
// the place of `actions` and `labelled`. Throws Error naming the field and the step where the states depart
// from the recorded ones: what was seen there would not be what is labelled.
RelabelOutcome Relabel(const std::shared_ptr<const SceneModel>& model, Demonstration& demo);

}  // namespace deerbench
