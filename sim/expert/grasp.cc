#include "sim/expert/grasp.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace deerbench::expert {
namespace {

constexpr double kOpen_m = 0.08;  // between open fingers
constexpr double kWidestGrasp_m = 0.066;
constexpr double kYawRange_rad = 2.0;  // either side of home, within the last joint's limits
// The hand is wider than the compartments behind the slider allow for everywhere: it stays outside, square to
// the cabinet, and the fingers lean in. Closing turns the block.
constexpr double kShelfYaw_rad = 0.06, kShelfPitch_rad = -0.9, kSteepPitch_rad = -0.65;
constexpr double kNearBase_x = -0.15;
constexpr double kReachIn_m = 0.10;  // how far outside the reach begins

// Whether the forearm passes low over the button on its way from the robot's base to `p`: leaning far, it
// would press it.
bool ReachesOverButton(const View& view, const Vec3& p) {
  constexpr double kForearmHalf_m = 0.1, kLow_m = 0.11;
  const Vec3 base{-0.34, -0.46, 0}, way{p.x - base.x, p.y - base.y, 0};
  const Vec3 off{view.X_WButton.p.x - base.x, view.X_WButton.p.y - base.y, 0};
  const double along = Dot(off, way) / Norm(way);
  return along > 0 && along < Norm(way) && Norm(off - (along / Norm(way)) * way) < kForearmHalf_m &&
         std::abs(p.x - view.X_WButton.p.x) < kLow_m;
}

// How far into a box around `centre` a finger of `radius_m` at `p` would go, horizontally; 0 for none.
double Overlap(const Vec3& p, double radius_m, const Vec3& centre, double half_x, double half_y) {
  const double x = half_x + radius_m - std::abs(p.x - centre.x);
  const double y = half_y + radius_m - std::abs(p.y - centre.y);
  return std::max(std::min(x, y), 0.0);
}

// How much stands where the open fingers and the hand go that take the block from above, `shift_m` beside its
// middle, m.
double Crowding(const View& view, int index, double yaw, double shift_m) {
  constexpr double kFingerAt_m = 0.05, kFinger_m = 0.012, kButtonHalf_m = 0.031;
  constexpr double kHandHalf_m = 0.10, kHandThick_m = 0.03, kCabinet_y = 0.015;
  constexpr double kTrayHalf_m = 0.18, kTrayFront_y = -0.16, kTableEdge_y = -0.18;
  const BlockView& block = view.blocks[index];
  const Vec3 across{std::sin(yaw), -std::cos(yaw), 0};
  double crowding = 0;
  for (const double side : {-1.0, 1.0}) {
    const Vec3 finger = block.p + (shift_m + side * kFingerAt_m) * across;
    for (int i = 0; i < 3; ++i) {
      const BlockView& other = view.blocks[i];
      if (i == index || other.p.z + HalfHeight(other) < block.p.z || other.p.z > block.p.z + 0.12) continue;
      crowding += Overlap(finger, kFinger_m, other.p, HalfExtent(other, 0), HalfExtent(other, 1));
    }
    if (block.on == Surface::kDrawer) {
      const Vec3& tray = view.X_WDrawer.p;
      crowding += std::max(std::abs(finger.x - tray.x) + kFinger_m - kTrayHalf_m, 0.0) +
                  std::max(finger.y + kFinger_m - kTableEdge_y, 0.0) +
                  std::max(tray.y + kTrayFront_y + kFinger_m - finger.y, 0.0);
    } else if (block.p.z < view.X_WButton.p.z + 0.02) {
      crowding += Overlap(finger, kFinger_m, view.X_WButton.p, kButtonHalf_m, kButtonHalf_m);
    }
  }
  const double hand_y = block.p.y + kHandHalf_m * std::abs(across.y) + kHandThick_m * std::abs(across.x);
  return crowding + std::max(hand_y - kCabinet_y, 0.0);
}

}  // namespace

double ClearanceAt(const Vec3& p) { return p.y > 0.0 ? kShelfClearance_m : kTableClearance_m; }

std::optional<Grasp> PlanGrasp(const View& view, int index, double turn_rad) {
  const BlockView& block = view.blocks[index];
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
      const double aside = std::clamp(0.5 * (kOpen_m - widths[axis]) - 0.006, 0.0, 0.014);
      for (const double shift : {0.0, aside, -aside}) {
        const double crowding = Crowding(view, index, candidate, shift);
        const double cost = std::max(from, to) + 20 * std::max(0.0, widths[axis] - 0.045) +
                            3 * std::abs(direction.z) + 100 * crowding + 10 * std::abs(shift);
        if (cost >= best_cost) continue;
        best_cost = cost;
        best = Grasp{.p = block.p + shift * Vec3{std::sin(candidate), -std::cos(candidate), 0},
                     .yaw = candidate,
                     .crowded = crowding > 0.004};
      }
    }
  }
  if (best) {
    // Deep enough to hold it, without touching what it lies on.
    const double floor_z = block.p.z - HalfHeight(block);
    best->p.z = std::max(block.p.z, floor_z + kFingertip_m + 0.006);
    if (block.on == Surface::kSlider) {
      best->yaw = std::clamp(best->yaw, kYawHome_rad - kShelfYaw_rad, kYawHome_rad + kShelfYaw_rad);
      best->pitch = ReachesOverButton(view, block.p) ? kSteepPitch_rad : kShelfPitch_rad;
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
    // Open fingers forgive a centimetre and turn the block as they close. Whoever learns from this does not
    // see where a block is any better, and would hang above it waiting for what it cannot see.
    const Tolerance tolerance =
        grasp.crowded ? Tolerance{} : Tolerance{.off_m = 0.010, .turn_rad = 0.15, .height_m = 0.008};
    const Approach approach = ApproachFromAbove(view, step.goal, ClearanceAt(grasp.p), tolerance);
    step.goal = approach.goal;
    if (approach.over && !approach.arrived && view.tcp.z < grasp.p.z + 0.05) step.goal.speed = 0.6;
    // Fingers that are not open yet stay above the block.
    const double above_z = block.p.z + HalfHeight(block) + kFingertip_m + 0.01;
    if (view.gripper_width < kOpen_m - 0.02 && view.tcp.z > above_z - 0.02)
      step.goal.p.z = std::max(step.goal.p.z, above_z);
    if (approach.arrived) step.goal.open = false;
    return step;
  }
  const Reach reach = ReachAlong(view, step.goal, kReachIn_m, kTableClearance_m);
  step.goal = reach.goal;
  // Beside the robot's base the arm lags so far behind its target that in a hurry it would swing past the
  // line.
  if (grasp.p.x < kNearBase_x && reach.left_m < 1)
    step.goal.speed = 0.3;
  else if (reach.left_m < 0.05)
    step.goal.speed = 0.6;
  // Where something stops the hand just before the goal it takes hold there.
  if (reach.left_m < (view.obstructed ? 0.015 : 0.006)) step.goal.open = false;
  return step;
}

bool IsBetweenFingers(const View& view, int block) {
  constexpr double kAside_m = 0.04, kOpen_m = 0.012, kDeep_m = 0.03;
  const Vec3 ahead = PointingDirection(view.tcp_euler.z, view.tcp_euler.y);
  const Vec3 off = view.blocks[block].p - view.tcp;
  const double along = Dot(off, ahead);
  if (view.blocks[block].gripped) return true;
  return view.gripper_width > kOpen_m && std::abs(along) < kDeep_m && Norm(off - along * ahead) < kAside_m;
}

std::optional<int> InHand(const View& view) {
  std::optional<int> held = view.Held();
  for (int i = 0; i < 3 && !held; ++i) {
    if (view.gripper_action < 0 && !view.blocks[i].on && IsBetweenFingers(view, i)) held = i;
  }
  return held;
}

ToolGoal LetGo(const View& view, int block) {
  const Vec3 ahead = PointingDirection(view.tcp_euler.z, view.tcp_euler.y);
  return {.p = view.tcp - (view.blocks[block].gripped ? 0.0 : 0.05) * ahead,
          .yaw = view.target_euler.z,
          .pitch = view.target_euler.y};
}

}  // namespace deerbench::expert
