// What moves a world: actions, motors, lights.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "sim/physics/bullet_types.h"
#include "sim/physics/motors.h"
#include "sim/physics/world_impl.h"

namespace deerbench {
namespace {

constexpr double kPositionStep_m = 0.02, kRotationStep_rad = 0.05;  // of relative actions
constexpr double kLargestInput = 1e6;

void RequireGripper(std::span<const double> action) {
  if (action.back() != 1 && action.back() != -1)
    Fail(fmt::format("action[{}] (gripper) is {}, expected -1 (close) or 1 (open)", action.size() - 1,
                     action.back()));
}

void RequireLength(std::span<const double> action, std::initializer_list<size_t> lengths, const char* type) {
  if (std::find(lengths.begin(), lengths.end(), action.size()) == lengths.end())
    Fail(fmt::format("{} action has {} elements, expected {}", type, action.size(),
                     fmt::join(lengths, " or ")));
}

void ValidateAction(ActionType type, std::span<const double> action) {
  switch (type) {
    case ActionType::kCartesianRelative:
      RequireLength(action, {7}, "relative");
      break;
    case ActionType::kCartesianAbsolute:
      RequireLength(action, {7, 8}, "absolute");
      break;
    case ActionType::kJointRelative:
    case ActionType::kJointAbsolute:
      RequireLength(action, {8}, "joint");
      break;
  }
  RequireNumbers(action, "action");
  if (type == ActionType::kCartesianAbsolute && action.size() == 8 &&
      std::all_of(action.begin() + 3, action.begin() + 7, [](double v) { return std::abs(v) < 1e-6; }))
    Fail("action[3..6] is a quaternion of length 0, expected length 1");
  RequireGripper(action);
}

}  // namespace

void RequireNumbers(std::span<const double> values, const char* name) {
  for (size_t i = 0; i < values.size(); ++i)
    if (!(std::abs(values[i]) <= kLargestInput))
      Fail(fmt::format("{}[{}] is {}, expected a number between -1e6 and 1e6", name, i, values[i]));
}

void World::Impl::SetArmTargets(const ArmJoints& targets) {
  memory.arm_targets = targets;
  for (size_t i = 0; i < 7; ++i) bullet->SetMotor(robot.body, robot.arm_links[i], ArmMotor(targets[i]));
}

void World::Impl::SetFingerTargets(const std::array<double, 2>& targets, double force_N) {
  memory.finger_targets = targets;
  memory.finger_forces_N = {force_N, force_N};
  for (size_t i = 0; i < 2; ++i)
    bullet->SetMotor(robot.body, robot.finger_links[i], FingerMotor(targets[i], force_N));
}

void World::Impl::CommandGripper() {
  if (memory.gripper_action == 1)
    SetFingerTargets({robot.gripper_joint_open_m, robot.gripper_joint_open_m}, kOpeningForce_N);
  else
    SetFingerTargets({0, 0}, kFingerForce_N);
}

ArmJoints World::Impl::ArmPositions() const {
  ArmJoints q;
  for (size_t i = 0; i < 7; ++i) q[i] = bullet->joint_position(robot.body, robot.arm_links[i]);
  return q;
}

bool World::Impl::PastMiddle(int link) const {
  const LinkBlueprint& joint = scene.body(table.body).link(link);
  return Table(link) > (joint.lower + joint.upper) / 2;
}

void World::Impl::MoveTcpTo(const Vec3& position, const Quat& orientation) {
  ArmJoints q = scene.arm_ik().Solve(btTransform(ToBullet(orientation), ToBullet(position)), ArmPositions());
  for (size_t i = 0; i < 7; ++i)
    q[i] = std::clamp(q[i], robot.lower_joint_limits_rad[i], robot.upper_joint_limits_rad[i]);
  SetArmTargets(q);
}

void World::Impl::ApplyAction(ActionType type, std::span<const double> action) {
  ValidateAction(type, action);
  memory.gripper_action = action.back();
  switch (type) {
    case ActionType::kCartesianRelative:
      memory.target_position = memory.target_position + kPositionStep_m * VectorAt(action, 0);
      memory.target_euler = memory.target_euler + kRotationStep_rad * VectorAt(action, 3);
      MoveTcpTo(memory.target_position, QuaternionFromEuler(memory.target_euler));
      break;
    case ActionType::kCartesianAbsolute: {
      const Quat q = action.size() == 8 ? Quat{action[3], action[4], action[5], action[6]}
                                        : QuaternionFromEuler(VectorAt(action, 3));
      MoveTcpTo(VectorAt(action, 0), q);
      break;
    }
    case ActionType::kJointRelative:
    case ActionType::kJointAbsolute: {
      ArmJoints q = type == ActionType::kJointRelative ? ArmPositions() : ArmJoints{};
      for (size_t i = 0; i < 7; ++i) q[i] += action[i];
      SetArmTargets(q);
      break;
    }
  }
  CommandGripper();
}

void World::Impl::Substep() {
  bullet->Step();
  Observe();
}

// Bullet works out link poses at the start of a step and moves the joints at its end: what CALVIN reads
// after a step is late by one.
void World::Impl::Observe() {
  const btMultiBody& body = bullet->body(robot.body);
  memory.X_WTcp = FromBullet(body.getLink(robot.tcp_link).m_cachedWorldTransform);
  memory.X_WGripperCamera = FromBullet(body.getLink(robot.gripper_camera_link).m_cachedWorldTransform);
}

void World::Impl::UpdateLights() {
  const bool pressed = PastMiddle(table.button_link);
  if (pressed && !memory.button_was_pressed) {
    memory.button_on = !memory.button_on;
    memory.led_on = memory.button_on;
  }
  memory.button_was_pressed = pressed;
  const bool switched = PastMiddle(table.switch_link);
  if (switched != memory.switch_on) memory.lightbulb_on = switched;
  memory.switch_on = switched;
}

}  // namespace deerbench
