// One Bullet world with the bodies of a scene in it, set up as PyBullet sets up its own.
#pragma once

#include <BulletCollision/CollisionDispatch/btCollisionDispatcher.h>
#include <BulletDynamics/Featherstone/btMultiBody.h>
#include <BulletDynamics/Featherstone/btMultiBodyJointMotor.h>
#include <BulletDynamics/Featherstone/btMultiBodyLinkCollider.h>

#include <memory>
#include <vector>

#include "sim/physics/body_blueprint.h"
#include "sim/physics/broadphase.h"
#include "sim/physics/motors.h"
#include "sim/physics/narrow_phase.h"
#include "sim/physics/resting_bodies.h"
#include "sim/physics/row_solver.h"

namespace deerbench {

// Numbers of links are PyBullet's: the base is -1.
class BulletWorld {
 public:
  // Of gravity as in CALVIN, 9.8 m/s^2, and steps of `timestep_s`.
  explicit BulletWorld(double timestep_s);
  ~BulletWorld();
  BulletWorld(const BulletWorld&) = delete;
  BulletWorld& operator=(const BulletWorld&) = delete;

  // Adds a body with limits and motors at its movable joints; returns its number, in order from 0.
  int AddBody(const BodyBlueprint& blueprint);

  // Keeps q_a + ratio * q_b at 0.
  void AddGear(int body, int link_a, int link_b, double ratio, double erp, double max_force);

  void SetMotor(int body, int link, const MotorTarget& target);

  // Joint at a position, at rest, as PyBullet's resetJointState: all of the body's link poses follow at once.
  void ResetJoint(int body, int link, double position);

  // Base at a pose of its inertial frame, at rest, as PyBullet's resetBasePositionAndOrientation.
  void ResetBase(int body, const btVector3& position, const btQuaternion& orientation);

  // Poses of links, boxes and bodies follow from joint positions and base poses. Whatever slept is awake.
  void UpdatePoses(int body);

  void Step();

  int body_count() const { return static_cast<int>(bodies_.size()); }
  btMultiBody& body(int i) { return *bodies_[static_cast<size_t>(i)]; }
  const btMultiBody& body(int i) const { return *bodies_[static_cast<size_t>(i)]; }
  double joint_position(int body, int link) const { return this->body(body).getJointPos(link); }
  double joint_velocity(int body, int link) const { return this->body(body).getJointVel(link); }

  // Of all links of all bodies, bodies in order, each body's base first.
  const std::vector<std::unique_ptr<btMultiBodyLinkCollider>>& colliders() const { return colliders_; }
  const btMultiBodyLinkCollider& collider(int body, int link) const {
    return *colliders_[static_cast<size_t>(first_collider_[static_cast<size_t>(body)] + link + 1)];
  }

  btCollisionDispatcher& dispatcher() { return dispatcher_; }
  const btCollisionDispatcher& dispatcher() const { return dispatcher_; }
  RestingWorld& resting() { return world_; }
  Broadphase& broadphase() { return broadphase_; }
  const Broadphase& broadphase() const { return broadphase_; }

 private:
  void SetUpLink(btMultiBody& body, const LinkBlueprint& link, int number);

  // In the order of construction; what refers to something comes after it.
  double timestep_s_;
  NarrowPhase narrow_phase_;
  RestingDispatcher dispatcher_;
  Broadphase broadphase_;
  RowSolver solver_;
  std::vector<std::unique_ptr<btMultiBodyLinkCollider>> colliders_;
  std::vector<int> first_collider_;  // by body
  std::vector<std::unique_ptr<btMultiBody>> bodies_;
  std::vector<std::unique_ptr<btMultiBodyConstraint>> constraints_;
  std::vector<std::vector<btMultiBodyJointMotor*>> motors_;  // by body and link; null where there is none
  RestingWorld world_;
  btAlignedObjectArray<btQuaternion> scratch_q_;
  btAlignedObjectArray<btVector3> scratch_v_;
};

}  // namespace deerbench
