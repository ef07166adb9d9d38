// What a WorldState's values mean.
#pragma once

#include <array>

#include "base/geometry.h"
#include "sim/physics/world.h"
#include "sim/scene/scene_state.h"
#include "sim/tasks/chains.h"

namespace deerbench {

struct JointState {
  double position = 0;  // rad or m
  double velocity = 0;  // rad/s or m/s
};

struct BlockState {
  Vec3 position;          // m, of the centre of mass in W
  Quat orientation;       // of the inertial frame in W
  Vec3 linear_velocity;   // m/s in W
  Vec3 angular_velocity;  // rad/s in W
};

// WorldState::values is the fields of this struct in their order, each flattened, flags as 0 or 1: 102
// numbers.
struct WorldStateFields {
  std::array<JointState, 7> arm;
  std::array<JointState, 2> fingers;
  JointState slide, drawer, button, toggle;  // the table's joints; `toggle` is its switch
  std::array<BlockState, 3> blocks;          // by BlockColor

  Vec3 target_position;       // where relative actions have led the tcp so far, m in W
  Vec3 target_euler;          // rad, sums of increments: not wrapped
  double gripper_action = 1;  // last commanded

  bool lightbulb_on = false, led_on = false;
  bool button_on = false;           // logical state, toggled at each press
  bool button_was_pressed = false;  // at the last control step
  bool switch_on = false;           // logical state

  std::array<double, 7> arm_targets{};     // of the position motors, rad
  std::array<double, 2> finger_targets{};  // m
  std::array<double, 2> finger_forces_N{};

  Pose X_WTcp;            // as observed: one substep old
  Pose X_WGripperCamera;  // likewise
};

WorldState Pack(const WorldStateFields& fields);

// Throws Error for another version or length, for values that are not finite, and for positions of joints (m
// or rad), blocks, tcp and camera beyond +-1e6.
WorldStateFields Unpack(const WorldState& state);

// The picture of that state: link poses by forward kinematics.
SceneState MakeSceneState(const SceneModel& model, const WorldState& state);

// What World::Reset takes to put a world into that state again, at rest: approximate, contacts settle anew.
InitialState ToInitialState(const SceneModel& model, const WorldState& state);

}  // namespace deerbench
