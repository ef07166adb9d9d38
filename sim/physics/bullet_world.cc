#include "sim/physics/bullet_world.h"

#include <BulletDynamics/Featherstone/btMultiBodyGearConstraint.h>
#include <BulletDynamics/Featherstone/btMultiBodyJointLimitConstraint.h>

#include <algorithm>

namespace deerbench {
namespace {

using JointType = JointDescription::Type;

bool IsMovable(const LinkBlueprint& link) { return link.joint != JointType::kFixed; }

void SetContactProperties(const ContactProperties& contact, btCollisionObject& object) {
  object.setFriction(contact.lateral_friction);
  object.setRestitution(contact.restitution);
  object.setRollingFriction(contact.rolling_friction);
  object.setSpinningFriction(contact.spinning_friction);
  if (contact.stiffness >= 0 || contact.damping >= 0)
    object.setContactStiffnessAndDamping(contact.stiffness, contact.damping);
  if (contact.friction_anchor)
    object.setCollisionFlags(object.getCollisionFlags() | btCollisionObject::CF_HAS_FRICTION_ANCHOR);
}

}  // namespace

BulletWorld::BulletWorld(double timestep_s)
    : timestep_s_(timestep_s),
      dispatcher_(&narrow_phase_),
      world_(&dispatcher_, &broadphase_, &solver_, &narrow_phase_) {
  // Values of PyBullet's createEmptyDynamicsWorld and of CALVIN's set-up; what is not named keeps Bullet's
  // default.
  world_.setForceUpdateAllAabbs(false);
  world_.setGravity({0, 0, -9.8});
  btContactSolverInfo& info = world_.getSolverInfo();
  info.m_erp2 = 0.08;
  info.m_frictionERP = 0.2;
  info.m_linearSlop = 0.00001;
  info.m_numIterations = 50;
  info.m_minimumSolverBatchSize = 0;
  info.m_warmstartingFactor = 0.1;
  info.m_leastSquaresResidualThreshold = 1e-7;
}

BulletWorld::~BulletWorld() {
  for (const auto& constraint : constraints_) world_.removeMultiBodyConstraint(constraint.get());
  for (const auto& body : bodies_) world_.removeMultiBody(body.get());
}

void BulletWorld::SetUpLink(btMultiBody& body, const LinkBlueprint& link, int number) {
  constexpr bool kNoCollisionWithParent = true;
  body.getLink(number).m_jointDamping = link.damping;
  body.getLink(number).m_jointFriction = link.friction;
  body.getLink(number).m_jointLowerLimit = link.lower;
  body.getLink(number).m_jointUpperLimit = link.upper;
  switch (link.joint) {
    case JointType::kFixed:
      body.setupFixed(number, link.mass_kg, link.inertia, link.parent, link.rot_parent_to_this, link.p_PiJ_Pi,
                      link.p_JI_I);
      break;
    case JointType::kRevolute:
    case JointType::kContinuous:
      body.setupRevolute(number, link.mass_kg, link.inertia, link.parent, link.rot_parent_to_this,
                         link.axis_I, link.p_PiJ_Pi, link.p_JI_I, kNoCollisionWithParent);
      break;
    case JointType::kPrismatic:
      body.setupPrismatic(number, link.mass_kg, link.inertia, link.parent, link.rot_parent_to_this,
                          link.axis_I, link.p_PiJ_Pi, link.p_JI_I, kNoCollisionWithParent);
      break;
  }
  if (IsMovable(link) && link.lower <= link.upper) {
    constraints_.push_back(
        std::make_unique<btMultiBodyJointLimitConstraint>(&body, number, link.lower, link.upper));
    world_.addMultiBodyConstraint(constraints_.back().get());
  }
}

int BulletWorld::AddBody(const BodyBlueprint& blueprint) {
  const LinkBlueprint& base = blueprint.link(-1);
  bodies_.push_back(std::make_unique<btMultiBody>(blueprint.link_count(), base.mass_kg, base.inertia,
                                                  blueprint.fixed_base(), /*canSleep=*/false));
  btMultiBody& body = *bodies_.back();
  body.setUserIndex2(body_count() - 1);
  first_collider_.push_back(static_cast<int>(colliders_.size()));
  for (int number = -1; number < blueprint.link_count(); ++number) {
    const LinkBlueprint& link = blueprint.link(number);
    if (number >= 0) SetUpLink(body, link, number);

    colliders_.push_back(std::make_unique<btMultiBodyLinkCollider>(&body, number));
    btMultiBodyLinkCollider& collider = *colliders_.back();
    collider.setCollisionShape(link.shape.shape());
    collider.setWorldTransform(link.X_WL_start);
    const bool is_static_base = number < 0 && blueprint.fixed_base();
    world_.addCollisionObject(
        &collider,
        is_static_base ? int{btBroadphaseProxy::StaticFilter} : int{btBroadphaseProxy::DefaultFilter},
        is_static_base ? btBroadphaseProxy::AllFilter ^ btBroadphaseProxy::StaticFilter
                       : int{btBroadphaseProxy::AllFilter});
    SetContactProperties(link.contact, collider);
    if (link.is_static)
      collider.setCollisionFlags(collider.getCollisionFlags() | btCollisionObject::CF_STATIC_OBJECT);
    if (number < 0)
      body.setBaseCollider(&collider);
    else
      body.getLink(number).m_collider = &collider;
  }
  body.setHasSelfCollision(false);
  body.finalizeMultiDof();
  body.setBaseWorldTransform(blueprint.X_WB() * base.X_LI);
  body.forwardKinematics(scratch_q_, scratch_v_);
  body.updateCollisionObjectWorldTransforms(scratch_q_, scratch_v_);
  world_.addMultiBody(&body);
  if (blueprint.may_sleep()) world_.AllowSleep(body);

  motors_.emplace_back(static_cast<size_t>(blueprint.link_count()), nullptr);
  for (int number = 0; number < blueprint.link_count(); ++number) {
    if (!IsMovable(blueprint.link(number))) continue;
    auto motor =
        std::make_unique<btMultiBodyJointMotor>(&body, number, /*linkDoF=*/0, /*desiredVelocity=*/0.0,
                                                /*maxMotorImpulse=*/1.0);
    motor->setPositionTarget(0, 0);
    motor->setVelocityTarget(0, 1);
    world_.addMultiBodyConstraint(motor.get());
    motor->finalizeMultiDof();
    motors_.back()[static_cast<size_t>(number)] = motor.get();
    constraints_.push_back(std::move(motor));
  }
  return body_count() - 1;
}

void BulletWorld::AddGear(int body, int link_a, int link_b, double ratio, double erp, double max_force) {
  btMultiBody& b = this->body(body);
  const btMatrix3x3 identity = btMatrix3x3::getIdentity();
  auto gear = std::make_unique<btMultiBodyGearConstraint>(&b, link_a, &b, link_b, btVector3(0, 0, 0),
                                                          btVector3(0, 0, 0), identity, identity);
  world_.addMultiBodyConstraint(gear.get());
  gear->setGearRatio(ratio);
  gear->setErp(erp);
  gear->setMaxAppliedImpulse(max_force * timestep_s_);
  constraints_.push_back(std::move(gear));
}

void BulletWorld::SetMotor(int body, int link, const MotorTarget& target) {
  btMultiBodyJointMotor& motor = *motors_[static_cast<size_t>(body)][static_cast<size_t>(link)];
  const btMultibodyLink& joint = this->body(body).getLink(link);
  double position = target.position;
  if (joint.m_jointLowerLimit <= joint.m_jointUpperLimit)
    position = std::clamp(position, joint.m_jointLowerLimit, joint.m_jointUpperLimit);
  motor.setRhsClamp(std::min(target.max_velocity, SIMD_INFINITY));
  motor.setVelocityTarget(target.velocity, target.kd);
  motor.setPositionTarget(position, target.kp);
  motor.setMaxAppliedImpulse(target.max_force * timestep_s_);
}

void BulletWorld::ResetJoint(int body, int link, double position) {
  btMultiBody& b = this->body(body);
  b.setJointPos(link, position);
  b.setJointVel(link, 0);
  UpdatePoses(body);
}

void BulletWorld::ResetBase(int body, const btVector3& position, const btQuaternion& orientation) {
  btMultiBody& b = this->body(body);
  b.setBaseVel({0, 0, 0});
  b.setBasePos(position);
  b.setBaseOmega({0, 0, 0});
  b.setWorldToBaseRot(orientation.inverse());
  UpdatePoses(body);
}

void BulletWorld::UpdatePoses(int body) {
  world_.WakeAll();
  btMultiBody& b = this->body(body);
  b.forwardKinematics(scratch_q_, scratch_v_);
  b.updateCollisionObjectWorldTransforms(scratch_q_, scratch_v_);
  world_.updateSingleAabb(b.getBaseCollider());
  for (int i = 0; i < b.getNumLinks(); ++i) world_.updateSingleAabb(b.getLinkCollider(i));
}

void BulletWorld::Step() { world_.stepSimulation(timestep_s_, /*maxSubSteps=*/0); }

}  // namespace deerbench
