// From where the tool should be to a relative action.
#pragma once

#include "sim/expert/view.h"
#include "sim/physics/world.h"

namespace deerbench::expert {

inline constexpr double kYawHome_rad = 1.5707963267948966;  // fingers open along W's x

// A pose of the tool: roll is kept at pi (pointing down), pitch leans it over, yaw turns the fingers.
struct ToolGoal {
  Vec3 p = {};  // tcp in W
  double yaw = kYawHome_rad;
  double pitch = 0;  // at kYawHome, a negative pitch leans the fingers towards +y
  bool open = true;
  double speed = 1;  // fraction of the largest step, 0..1
};

// One step of at most 2 cm and 0.05 rad towards the goal, along a straight line.
RelativeAction Towards(const View& view, const ToolGoal& goal);

// The height to aim at so that the target stays `lead_m` below the tool: a bounded pressure on what is
// beneath.
double PressingHeight(const View& view, double lead_m);

// How far the measured tool is from the goal.
double Distance(const View& view, const ToolGoal& goal);     // m
double HorizontalDistance(const View& view, const Vec3& p);  // m
double TurnError(const View& view, const ToolGoal& goal);    // rad, largest of the three angles

// How far the tool may be off its line and off its turn without staying back, and off in height to have
// arrived.
struct Tolerance {
  double off_m = 0.006, turn_rad = 0.06, height_m = 0.004;
};

// Goes to `goal` from above: up to `clearance_z` unless already over it, across, then down.
struct Approach {
  ToolGoal goal;
  bool over = false;     // above the goal, horizontally and in turn within about what is tolerated
  bool arrived = false;  // at the goal
};
Approach ApproachFromAbove(const View& view, ToolGoal goal, double clearance_z,
                           const Tolerance& tolerance = {});

// Where fingers of that yaw and pitch point, in W.
Vec3 PointingDirection(double yaw, double pitch);

// Goes to `goal` along the direction in which its fingers point, from `back_m` before it; to there from
// above.
struct Reach {
  ToolGoal goal;
  double left_m = 1e9;  // to the goal, once on the way in; large before
};
Reach ReachAlong(const View& view, ToolGoal goal, double back_m, double clearance_z);

// The yaw congruent to `yaw` modulo `period` that lies closest to `reference`.
double NearestYaw(double yaw, double period, double reference);

}  // namespace deerbench::expert
