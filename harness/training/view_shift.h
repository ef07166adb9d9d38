// The same world somewhere else, for scenes that nobody has seen. A trained scene's button is always in one
// place, and which scene it is any picture tells: a policy learns the place instead of looking. So every
// demonstration is seen as if everything, arm included, stood a little elsewhere: the static camera is moved
// the other way, and the tool's position that is felt is moved along. Actions are relative and stay the same.
#pragma once

#include "base/geometry.h"
#include "datasets/demonstration.h"
#include "sim/physics/world.h"
#include "sim/render/camera.h"

namespace deerbench {

// By how much, m in W: each of x and y up to `most_m` either way, z up to half of it. A function of the
// subtask's world, so that demonstrations, their frames and what is read back agree.
Vec3 ViewShiftOf(double most_m, uint64_t seed, int64_t unit, int part);
inline Vec3 ViewShiftOf(double most_m, const DemoInfo& info) {
  return ViewShiftOf(most_m, info.seed, info.unit, info.part);
}

// The camera that sees everything moved by `shift`.
Camera Shifted(const Camera& camera, const Vec3& shift);

// What the robot feels there: the tool's position moved along.
RobotObs Moved(RobotObs robot_obs, const Vec3& shift);

}  // namespace deerbench
