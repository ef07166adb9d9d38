#include "sim/expert/motion.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace deerbench::expert {
namespace {

constexpr double kPositionStep_m = 0.02, kRotationStep_rad = 0.05;  // of a relative action of 1
constexpr double kRoll_rad = std::numbers::pi;
constexpr double kGain = 0.4;  // of the error worked off in a step

Vec3 ScaledTo(const Vec3& v, double longest) {
  const double largest = std::max({std::abs(v.x), std::abs(v.y), std::abs(v.z)});
  return largest > longest ? (longest / largest) * v : v;
}

// Which way to move the running target so that the tool gets to `p`. The inverse kinematics do not converge:
// far out they leave an error of several centimetres that stays. So the measured error is worked off, and the
// target leads the tool by a bounded length, shorter where the tool has met an obstacle.
Vec3 TargetShift(const View& view, const Vec3& p) {
  constexpr double kLead_m = 0.06, kFreeLead_m = 0.08;
  const Vec3 error = p - view.tcp;
  const double wanted = kGain * Norm(error);
  const Vec3 shift = (wanted > kPositionStep_m ? kPositionStep_m / Norm(error) : kGain) * error;
  const Vec3 lead = view.target + shift - view.tcp;
  const double length = Norm(lead), longest = view.obstructed ? kLead_m : kFreeLead_m;
  return view.tcp + (length > longest ? longest / length : 1.0) * lead - view.target;
}

// How far the way has to stay back from the goal for what the tool is off line and off its turn.
double Standoff(double off_m, double turn_error, const Tolerance& tolerance, double longest_m) {
  constexpr double kPerMetre = 4, kPerRadian_m = 0.3;
  return std::min(kPerMetre * std::max(off_m - tolerance.off_m, 0.0) +
                      kPerRadian_m * std::max(turn_error - tolerance.turn_rad, 0.0),
                  longest_m);
}

}  // namespace

RelativeAction Towards(const View& view, const ToolGoal& goal) {
  const Vec3 move = ScaledTo((1 / kPositionStep_m) * TargetShift(view, goal.p), goal.speed);
  const Vec3 angles{NearestYaw(kRoll_rad, 2 * std::numbers::pi, view.target_euler.x), goal.pitch, goal.yaw};
  const Vec3 turn = ScaledTo((1 / kRotationStep_rad) * (angles - view.target_euler), 1.0);
  return {move.x, move.y, move.z, turn.x, turn.y, turn.z, goal.open ? 1.0 : -1.0};
}

double PressingHeight(const View& view, double lead_m) {
  return view.tcp.z + (view.tcp.z - lead_m - view.target.z) / kGain;
}

double Distance(const View& view, const ToolGoal& goal) { return Norm(goal.p - view.tcp); }

double HorizontalDistance(const View& view, const Vec3& p) {
  return std::hypot(p.x - view.tcp.x, p.y - view.tcp.y);
}

double TurnError(const View& view, const ToolGoal& goal) {
  return std::max({std::abs(goal.yaw - view.tcp_euler.z), std::abs(goal.pitch - view.tcp_euler.y),
                   std::abs(std::remainder(kRoll_rad - view.tcp_euler.x, 2 * std::numbers::pi))});
}

Approach ApproachFromAbove(const View& view, ToolGoal goal, double clearance_z, const Tolerance& tolerance) {
  constexpr double kSag_m = 0.015, kFade_m = 0.03, kAhead_m = 0.05;
  Approach approach;
  const double distance = HorizontalDistance(view, goal.p), turn = TurnError(view, goal);
  approach.over = turn < 1.5 * tolerance.turn_rad && distance < 2 * tolerance.off_m;
  approach.arrived = approach.over && std::abs(view.tcp.z - goal.p.z) < tolerance.height_m;
  const double standoff = Standoff(distance, turn, tolerance, std::max(clearance_z - goal.p.z, 0.0));
  if (standoff > 0) {
    goal.p.z += standoff;
    // Too low to go across: back out the way the fingers point, turning and crossing the more the higher.
    const double lacking = goal.p.z - view.tcp.z;
    const double across = 1 - std::clamp((lacking - kSag_m) / kFade_m, 0.0, 1.0);
    const Vec3 ahead = PointingDirection(view.tcp_euler.z, view.tcp_euler.y);
    const double back = (1 - across) * std::max(lacking, 0.0) / std::max(-ahead.z, 0.3);
    const double reach = std::min(1.0, across * kAhead_m / std::max(distance, 1e-9));
    goal.p.x = view.tcp.x + reach * (goal.p.x - view.tcp.x) - back * ahead.x;
    goal.p.y = view.tcp.y + reach * (goal.p.y - view.tcp.y) - back * ahead.y;
    const double most = across * kRotationStep_rad;
    goal.yaw = view.target_euler.z + std::clamp(goal.yaw - view.target_euler.z, -most, most);
    goal.pitch = view.target_euler.y + std::clamp(goal.pitch - view.target_euler.y, -most, most);
  }
  approach.goal = goal;
  return approach;
}

Vec3 PointingDirection(double yaw, double pitch) {
  return {-std::sin(pitch) * std::cos(yaw), -std::sin(pitch) * std::sin(yaw), -std::cos(pitch)};
}

Reach ReachAlong(const View& view, ToolGoal goal, double back_m, double clearance_z) {
  // A cone: far out the tool may stray, at the goal it may not.
  constexpr double kAngle_rad = 0.4, kOffLine_m = 0.012, kOpening = 0.3, kSlack_m = 0.04, kLookAhead_m = 0.05;
  const Vec3 ahead = PointingDirection(goal.yaw, goal.pitch);
  const Vec3 off = view.tcp - goal.p;
  const double along = Dot(off, ahead), aside = Norm(off - along * ahead), turn = TurnError(view, goal);
  Reach reach;
  if (turn < kAngle_rad && aside < kOffLine_m - kOpening * std::min(along, 0.0) &&
      along > -back_m - kSlack_m) {
    reach.left_m = Norm(off);
    // To a point of the line a little ahead: straight to the goal, an arm that is slower in one direction
    // than in another would leave the line.
    const double standoff = Standoff(aside, turn, {.off_m = 0.5 * kOffLine_m}, back_m);
    goal.p = goal.p + std::min(along + kLookAhead_m, -standoff) * ahead;
    reach.goal = goal;
    return reach;
  }
  goal.p = goal.p - back_m * ahead;
  reach.goal = ApproachFromAbove(view, goal, std::max(clearance_z, goal.p.z + 0.02), {.off_m = 0.01}).goal;
  return reach;
}

double NearestYaw(double yaw, double period, double reference) {
  return reference + std::remainder(yaw - reference, period);
}

}  // namespace deerbench::expert
