// Where a chain begins in a given scene.
#pragma once

#include "sim/physics/scene_model.h"
#include "sim/tasks/initial_state.h"

namespace deerbench {

// Scene D: CALVIN's own numbers, which its function knows no others than. Elsewhere the scene's surfaces,
// joint travels and load order of blocks take their place; seeds, yaws and the order on the table stay
// CALVIN's.
SurfaceLayout LayoutOf(const SceneModel& model);

InitialState StartOf(const SceneModel& model, const SymbolicState& state);

}  // namespace deerbench
