// Carries out a demonstration once more and holds what happens against what it says.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "datasets/demonstration.h"
#include "sim/physics/world.h"

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

// A world in a demonstration's first moment. Throws Error naming the demonstration's field if it has no
// states, no contacts of its first moment, or cannot be restored in this scene.
World WorldAtStart(const std::shared_ptr<const SceneModel>& model, const Demonstration& demo);

// Nothing if every bit of the two is the same. `step` is only written down.
std::optional<Departure> DifferenceOf(int step, const WorldState& recorded, const WorldState& replayed);

// Restores the first moment and executes every executed action. Throws Error as WorldAtStart does.
ReplayOutcome Replay(const std::shared_ptr<const SceneModel>& model, const Demonstration& demo);

}  // namespace deerbench
