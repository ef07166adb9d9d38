#include "sim/expert/grasp.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace deerbench::expert {
namespace {

constexpr double kWidestGrasp_m = 0.066;  // of 0.08 between open fingers
constexpr double kYawRange_rad = 2.0;     // either side of home, within the last joint's limits
// The hand is wider than the compartments behind the slider allow for everywhere: it stays outside, square to
// the cabinet, and the fingers lean in. Closing turns the block.
constexpr double kShelfYaw_rad = 0.06, kShelfPitch_rad = -0.9;
constexpr double kReachIn_m = 0.10;  // how far outside the reach begins

}  // namespace

double ClearanceAt(const Vec3& p) { return p.y > 0.0 ? kShelfClearance_m : kTableClearance_m; }

std::optional<Grasp> PlanGrasp(const BlockView& block, double turn_rad) {
  const std::array<double, 9> r = ToMatrix(block.q);
  const double widths[3] = {2 * block.half_extents.x, 2 * block.half_extents.y, 2 * block.half_extents.z};
  std::optional<Grasp> best;
  double best_cost = 1e9;
  for (int axis = 0; axis < 3; ++axis) {
    const Vec3 direction{r[axis], r[3 + axis], r[6 + axis]};
    if (std::abs(direction.z) > 0.75 || widths[axis] > kWidestGrasp_m) continue;
    // The fingers open along yaw - 90 degrees.
    const double yaw = std::atan2(direction.y, direction.x) + std::numbers::pi / 2;
    for (int half_turns = -2; half_turns <= 2; ++half_turns) {
      const double candidate =
          NearestYaw(yaw, std::numbers::pi, kYawHome_rad) + half_turns * std::numbers::pi;
      const double from = std::abs(candidate - kYawHome_rad),
                   to = std::abs(candidate + turn_rad - kYawHome_rad);
      if (std::max(from, to) > kYawRange_rad + 1e-9) continue;
      // Wide grips leave little room for error, slanted faces slip, large turns take time.
      const double cost =
          std::max(from, to) + 20 * std::max(0.0, widths[axis] - 0.045) + 3 * std::abs(direction.z);
      if (cost < best_cost) {
        best_cost = cost;
        best = Grasp{.p = block.p, .yaw = candidate};
      }
    }
  }
  if (best) {
    // Deep enough to hold it, without touching what it lies on.
    const double floor_z = block.p.z - HalfHeight(block);
    best->p.z = std::max(block.p.z, floor_z + kFingertip_m + 0.006);
    if (block.on == Surface::kSlider) {
      best->yaw = std::clamp(best->yaw, kYawHome_rad - kShelfYaw_rad, kYawHome_rad + kShelfYaw_rad);
      best->pitch = kShelfPitch_rad;
    }
  }
  return best;
}

GraspStep TakeHold(const View& view, int index, const Grasp& grasp) {
  const BlockView& block = view.blocks[index];
  GraspStep step;
  step.goal = {.p = grasp.p, .yaw = grasp.yaw, .pitch = grasp.pitch};
  const bool between = Norm(block.p - view.tcp) < 0.025;
  const bool closed = view.gripper_action < 0;
  if (between && closed && view.gripper_width > 0.01 && block.touched) {  // closing, or closed on it
    step.held = block.gripped;
    step.goal = {.p = {view.tcp.x, view.tcp.y, grasp.p.z},
                 .yaw = view.target_euler.z,
                 .pitch = view.target_euler.y,
                 .open = false};
    return step;
  }
  if (grasp.pitch == 0) {
    const Approach approach = ApproachFromAbove(view, step.goal, ClearanceAt(grasp.p));
    step.goal = approach.goal;
    if (approach.over && !approach.arrived && view.tcp.z < grasp.p.z + 0.05) step.goal.speed = 0.6;
    if (approach.arrived) step.goal.open = false;
    return step;
  }
  const Reach reach = ReachAlong(view, step.goal, kReachIn_m, kTableClearance_m);
  step.goal = reach.goal;
  if (reach.left_m < 0.05) step.goal.speed = 0.6;
  if (reach.left_m < 0.005) step.goal.open = false;
  return step;
}

}  // namespace deerbench::expert
