// How the joints of CALVIN's robot and table are driven (calvin_env 797142c: conf/robot/panda.yaml,
// robot/robot.py, scene/objects/door.py, switch.py, button.py).
#pragma once

#include <limits>

namespace deerbench {

// A motor works towards a velocity of
//   kp (position - q) / timestep + q' + kd (velocity - q'), clamped to +-max_velocity,
// with at most max_force.
struct MotorTarget {
  double position = 0, kp = 0;
  double velocity = 0, kd = 1;
  double max_velocity = std::numeric_limits<double>::infinity();  // rad/s or m/s
  double max_force = 0;                                           // N m or N
};

inline constexpr double kFingerForce_N = 200;
inline constexpr double kOpeningForce_N = kFingerForce_N / 100;

inline MotorTarget ArmMotor(double position_rad) {
  return {.position = position_rad, .kp = 0.1, .max_velocity = 2, .max_force = 200};
}

inline MotorTarget FingerMotor(double position_m, double force_N) {
  return {.position = position_m, .kp = 0.1, .max_velocity = 1, .max_force = force_N};
}

// Doors and switch stay where they are.
inline MotorTarget TableBrake() { return {.max_force = 4}; }

// The button goes back up.
inline MotorTarget ButtonSpring() { return {.kp = 0.1, .max_force = 4}; }

}  // namespace deerbench
