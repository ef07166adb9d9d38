// Carries out a demonstration once more and holds what happens against what it says.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "datasets/demonstration.h"

namespace deerbench {

// The first moment at which a world is not in the demonstration's state, bit for bit.
struct Departure {
  int step = 0;       // index into states: after so many steps
  int differing = 0;  // numbers that differ there
  std::string value;  // the one that differs most: "blocks[2].position.z"
  double recorded = 0, replayed = 0;
};

struct ReplayOutcome {
  std::optional<Departure> departure;
  bool success = false;  // by the oracle, at the last step, in the replayed world
};

// The name of a number of a state, after the field of WorldStateFields that it belongs to.
std::string StateValueName(int index);

// Restores the first moment and executes every executed action. Throws Error naming the demonstration's field
// if it has no contacts of its first moment or cannot be restored in this scene.
ReplayOutcome Replay(const std::shared_ptr<const SceneModel>& model, const Demonstration& demo);

}  // namespace deerbench
