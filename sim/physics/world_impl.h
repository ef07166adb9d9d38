// The insides of World.
#pragma once

#include <cmath>
#include <memory>
#include <span>
#include <vector>

#include "sim/physics/arm_ik.h"
#include "sim/physics/bullet_scene.h"
#include "sim/physics/bullet_world.h"
#include "sim/physics/world.h"
#include "sim/physics/world_state.h"

namespace deerbench {

struct World::Impl {
  explicit Impl(std::shared_ptr<const SceneModel> scene_model);

  void SetArmTargets(const ArmJoints& targets);
  void SetFingerTargets(const std::array<double, 2>& targets, double force_N);
  void CommandGripper();
  ArmJoints ArmPositions() const;
  double Finger(size_t i) const { return bullet->joint_position(robot.body, robot.finger_links[i]); }
  double Table(int link) const { return bullet->joint_position(table.body, link); }
  bool PastMiddle(int link) const;

  void MoveTcpTo(const Vec3& position, const Quat& orientation);
  void ApplyAction(ActionType type, std::span<const double> action);
  void Substep();
  void Observe();
  void UpdateLights();

  BlockState Block(size_t color) const;
  BlockState ObservedBlock(size_t color) const;
  std::vector<ContactInfo> Contacts(int body) const;

  std::shared_ptr<const SceneModel> model;
  const BulletScene& scene;
  const RobotRoles& robot;
  const TableRoles& table;
  std::unique_ptr<BulletWorld> bullet;
  // What is not in Bullet: targets, lights, switches, late poses. Joints and blocks in it are filled in by
  // Save.
  WorldStateFields memory;
};

inline Vec3 VectorAt(std::span<const double> values, size_t i) {
  return {values[i], values[i + 1], values[i + 2]};
}

// PyBullet's getQuaternionFromEuler divides by the length, which is 1 but for rounding.
inline Quat QuaternionFromEuler(const Vec3& rpy_rad) {
  const Quat q = FromEuler(rpy_rad);
  const double length = std::sqrt(q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w);
  return {q.x / length, q.y / length, q.z / length, q.w / length};
}

// Throws Error for NaN and for numbers that are too large to mean anything: they would turn into NaN later
// on.
void RequireNumbers(std::span<const double> values, const char* name);

}  // namespace deerbench
