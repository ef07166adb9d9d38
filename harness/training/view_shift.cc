#include "harness/training/view_shift.h"

#include "base/random.h"

namespace deerbench {

Vec3 ViewShiftOf(double most_m, uint64_t seed, int64_t unit, int part) {
  if (most_m == 0) return {};
  SplitMix64 random(SplitMix64(SplitMix64(seed).Next() ^ static_cast<uint64_t>(unit)).Next() ^
                    static_cast<uint64_t>(part));
  const auto draw = [&] { return most_m * (2 * random.Uniform() - 1); };
  const double x = draw(), y = draw(), z = draw() / 2;
  return {x, y, z};
}

Camera Shifted(const Camera& camera, const Vec3& shift) {
  Camera moved = camera;
  moved.X_WC.p = camera.X_WC.p - shift;
  return moved;
}

RobotObs Moved(RobotObs robot_obs, const Vec3& shift) {
  robot_obs[0] += shift.x;
  robot_obs[1] += shift.y;
  robot_obs[2] += shift.z;
  return robot_obs;
}

}  // namespace deerbench
