#include "sim/expert/motion.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace deerbench::expert {
namespace {

constexpr double kPositionStep_m = 0.02, kRotationStep_rad = 0.05;  // of a relative action of 1
constexpr double kArrived_m = 0.004, kTurned_rad = 0.06;
constexpr double kRoll_rad = std::numbers::pi;

Vec3 ScaledTo(const Vec3& v, double longest) {
  const double largest = std::max({std::abs(v.x), std::abs(v.y), std::abs(v.z)});
  return largest > longest ? (longest / largest) * v : v;
}

// Which way to move the running target so that the tool gets to `p`. The target leads the tool by a bounded
// length, so that it neither runs away against an obstacle nor beyond the arm's reach. The inverse kinematics
// leave an error of up to a centimetre that stays (it does not converge): close to the goal the measured
// error is worked off.
Vec3 TargetShift(const View& view, const Vec3& p) {
  constexpr double kNear_m = 0.03, kGain = 0.4, kNearLead_m = 0.04, kFarLead_m = 0.08;
  const Vec3 error = p - view.tcp;
  const bool near = Norm(error) < kNear_m;
  const Vec3 lead = near ? view.target + kGain * error - view.tcp : p - view.tcp;
  const double length = Norm(lead), longest = near ? kNearLead_m : kFarLead_m;
  return view.tcp + (length > longest ? longest / length : 1.0) * lead - view.target;
}

}  // namespace

RelativeAction Towards(const View& view, const ToolGoal& goal) {
  const Vec3 move = ScaledTo((1 / kPositionStep_m) * TargetShift(view, goal.p), goal.speed);
  const Vec3 angles{NearestYaw(kRoll_rad, 2 * std::numbers::pi, view.target_euler.x), goal.pitch, goal.yaw};
  const Vec3 turn = ScaledTo((1 / kRotationStep_rad) * (angles - view.target_euler), 1.0);
  return {move.x, move.y, move.z, turn.x, turn.y, turn.z, goal.open ? 1.0 : -1.0};
}

double Distance(const View& view, const ToolGoal& goal) { return Norm(goal.p - view.tcp); }

double HorizontalDistance(const View& view, const Vec3& p) {
  return std::hypot(p.x - view.tcp.x, p.y - view.tcp.y);
}

double TurnError(const View& view, const ToolGoal& goal) {
  return std::max({std::abs(goal.yaw - view.tcp_euler.z), std::abs(goal.pitch - view.tcp_euler.y),
                   std::abs(std::remainder(kRoll_rad - view.tcp_euler.x, 2 * std::numbers::pi))});
}

Approach ApproachFromAbove(const View& view, ToolGoal goal, double clearance_z, double tolerance_m) {
  Approach approach;
  const double distance = HorizontalDistance(view, goal.p);
  const bool turned = TurnError(view, goal) < kTurned_rad;
  // Below the clearance a little more drift is allowed than it took to begin the descent.
  const bool low = view.tcp.z < clearance_z - 0.03;
  approach.over = turned && distance < (low ? 2 * tolerance_m : tolerance_m);
  approach.arrived = approach.over && std::abs(view.tcp.z - goal.p.z) < kArrived_m;
  if (!approach.over) {
    const bool across = view.tcp.z > clearance_z - 0.02 || distance < tolerance_m;
    const Vec3 here = view.tcp;
    goal.p = across ? Vec3{goal.p.x, goal.p.y, clearance_z} : Vec3{here.x, here.y, clearance_z};
    if (!across) {  // straight up first, turning only once clear
      goal.yaw = view.target_euler.z;
      goal.pitch = view.target_euler.y;
    }
  }
  approach.goal = goal;
  return approach;
}

Vec3 PointingDirection(double yaw, double pitch) {
  return {-std::sin(pitch) * std::cos(yaw), -std::sin(pitch) * std::sin(yaw), -std::cos(pitch)};
}

Reach ReachAlong(const View& view, ToolGoal goal, double back_m, double clearance_z) {
  // A cone: far out the tool may stray, at the goal it may not.
  constexpr double kAngle_rad = 0.12, kOffLine_m = 0.012, kOpening = 0.25, kSlack_m = 0.04;
  const Vec3 ahead = PointingDirection(goal.yaw, goal.pitch);
  const Vec3 off = view.tcp - goal.p;
  const double along = Dot(off, ahead);
  Reach reach;
  if (TurnError(view, goal) < kAngle_rad &&
      Norm(off - along * ahead) < kOffLine_m - kOpening * std::min(along, 0.0) &&
      along > -back_m - kSlack_m) {
    reach.left_m = Norm(off);
    reach.goal = goal;
    return reach;
  }
  goal.p = goal.p - back_m * ahead;
  reach.goal = ApproachFromAbove(view, goal, std::max(clearance_z, goal.p.z + 0.02), 0.01).goal;
  return reach;
}

double NearestYaw(double yaw, double period, double reference) {
  return reference + std::remainder(yaw - reference, period);
}

}  // namespace deerbench::expert
