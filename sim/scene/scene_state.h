// All that changes between two pictures of a scene. The renderer depends on this alone, so frames can be
// drawn from a recording as well as from a live world.
#pragma once

#include <vector>

#include "base/geometry.h"

namespace deerbench {

struct SceneState {
  // Pose of every link frame (URDF link frame, not the inertial one) in the world, bodies in load order, each
  // body's base first. VisualInstance::frame indexes it.
  std::vector<Pose> X_WL;
  bool lightbulb_on = false;
  bool led_on = false;
};

}  // namespace deerbench
