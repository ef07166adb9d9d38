#include "sim/physics/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "base/error.h"
#include "sim/physics/bullet_scene.h"
#include "sim/physics/bullet_types.h"
#include "sim/physics/bullet_world.h"
#include "sim/physics/contact_cache.h"
#include "sim/physics/motors.h"
#include "sim/physics/world_state.h"

namespace deerbench {
namespace {

constexpr double kPositionStep_m = 0.02, kRotationStep_rad = 0.05;  // of relative actions

// PyBullet's getQuaternionFromEuler divides by the length, which is 1 but for rounding.
Quat QuaternionFromEuler(const Vec3& rpy) {
  Quat q = FromEuler(rpy);
  const double length = std::sqrt(q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w);
  return {q.x / length, q.y / length, q.z / length, q.w / length};
}

// Beyond this size numbers are nonsense that would only turn into NaN later on.
constexpr double kLargestInput = 1e6;

void RequireNumbers(std::span<const double> values, const char* name) {
  for (size_t i = 0; i < values.size(); ++i)
    if (!(std::abs(values[i]) <= kLargestInput))
      Fail(fmt::format("{}[{}] is {}, expected a number between -1e6 and 1e6", name, i, values[i]));
}

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

Vec3 VectorAt(std::span<const double> values, size_t i) { return {values[i], values[i + 1], values[i + 2]}; }

}  // namespace

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

World::Impl::Impl(std::shared_ptr<const SceneModel> scene_model)
    : model(std::move(scene_model)),
      scene(BulletScene::Of(*model)),
      robot(scene.description().robot),
      table(scene.description().table),
      bullet(scene.MakeWorld()) {
  SetArmTargets(robot.initial_joint_positions_rad);
  SetFingerTargets({robot.gripper_joint_open_m, robot.gripper_joint_open_m}, kFingerForce_N);
  Observe();
  memory.target_position = memory.X_WTcp.p;
  memory.target_euler = ToEuler(memory.X_WTcp.q);
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
  RequireGripper(action);
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
      if (!(q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w > 1e-12))
        Fail("action[3..6] is a quaternion of length 0, expected length 1");
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

BlockState World::Impl::Block(size_t color) const {
  const btMultiBody& body = bullet->body(scene.description().block_bodies[color]);
  return {FromBullet(body.getBasePos()), FromBullet(body.getWorldToBaseRot().inverse()),
          FromBullet(body.getBaseVel()), FromBullet(body.getBaseOmega())};
}

// PyBullet turns the orientation into a matrix and back before it reports it, which moves its last bits.
BlockState World::Impl::ObservedBlock(size_t color) const {
  BlockState block = Block(color);
  block.orientation = FromBullet(btTransform(ToBullet(block.orientation)).getRotation());
  return block;
}

// One entry a contact point, in the order of PyBullet's getContactPoints(bodyA=body).
std::vector<ContactInfo> World::Impl::Contacts(int body) const {
  std::vector<ContactInfo> contacts;
  const btCollisionDispatcher& dispatcher = bullet->dispatcher();
  for (int i = 0; i < dispatcher.getNumManifolds(); ++i) {
    const btPersistentManifold& manifold = *dispatcher.getManifoldByIndexInternal(i);
    const auto* a = btMultiBodyLinkCollider::upcast(manifold.getBody0());
    const auto* b = btMultiBodyLinkCollider::upcast(manifold.getBody1());
    if (b->m_multiBody->getUserIndex2() == body && a->m_multiBody->getUserIndex2() != body) std::swap(a, b);
    if (a->m_multiBody->getUserIndex2() != body) continue;
    contacts.insert(contacts.end(), static_cast<size_t>(manifold.getNumContacts()),
                    {b->m_multiBody->getUserIndex2(), a->m_link, b->m_link});
  }
  return contacts;
}

World::World(std::shared_ptr<const SceneModel> model) : impl_(std::make_unique<Impl>(std::move(model))) {}
World::~World() = default;
World::World(World&&) noexcept = default;
World& World::operator=(World&&) noexcept = default;

const SceneModel& World::model() const { return *impl_->model; }

void World::Reset(const RobotObs& robot_obs, const SceneObs& scene_obs) {
  RequireNumbers(robot_obs, "robot_obs");
  RequireNumbers(scene_obs, "scene_obs");
  for (const size_t i : {4, 5})
    if (scene_obs[i] != 0 && scene_obs[i] != 1)
      Fail(fmt::format("scene_obs[{}] ({}) is {}, expected 0 or 1", i, i == 4 ? "lightbulb" : "led",
                       scene_obs[i]));

  Impl& w = *impl_;
  BulletWorld& bullet = *w.bullet;
  bullet.ResetJoint(w.table.body, w.table.slide_link, scene_obs[0]);
  bullet.ResetJoint(w.table.body, w.table.drawer_link, scene_obs[1]);
  w.memory.lightbulb_on = scene_obs[4] == 1;
  w.memory.led_on = scene_obs[5] == 1;
  bullet.ResetJoint(w.table.body, w.table.button_link, scene_obs[2]);
  w.memory.button_on = w.memory.led_on;  // whether it was pressed is remembered from before, as in CALVIN
  bullet.ResetJoint(w.table.body, w.table.switch_link, scene_obs[3]);
  w.memory.switch_on = false;
  for (size_t slot = 0; slot < 3; ++slot) {
    const int body = w.scene.description().block_bodies[w.scene.slot_color(slot)];
    bullet.ResetBase(body, ToBullet(VectorAt(scene_obs, 6 + 6 * slot)),
                     ToBullet(QuaternionFromEuler(VectorAt(scene_obs, 9 + 6 * slot))));
  }

  ArmJoints q;
  std::copy_n(robot_obs.begin() + 7, 7, q.begin());
  for (size_t i = 0; i < 7; ++i) bullet.ResetJoint(w.robot.body, w.robot.arm_links[i], q[i]);
  w.SetArmTargets(q);
  const double finger = robot_obs[6] / 2;
  for (const int link : w.robot.finger_links) bullet.ResetJoint(w.robot.body, link, finger);
  w.SetFingerTargets({finger, finger}, kFingerForce_N);
  w.Observe();
  w.memory.target_position = w.memory.X_WTcp.p;
  w.memory.target_euler = ToEuler(w.memory.X_WTcp.q);
  w.Substep();
}

void World::Step(const RelativeAction& action) { Step(ActionType::kCartesianRelative, action); }

void World::Step(ActionType type, std::span<const double> action) {
  impl_->ApplyAction(type, action);
  for (int i = 0; i < kSubstepsPerControl; ++i) impl_->Substep();
  impl_->UpdateLights();
}

void World::Substep() { impl_->Substep(); }

RobotObs World::robot_obs() const {
  const Impl& w = *impl_;
  const Vec3 &p = w.memory.X_WTcp.p, euler = ToEuler(w.memory.X_WTcp.q);
  RobotObs obs = {p.x, p.y, p.z, euler.x, euler.y, euler.z, w.Finger(0) + w.Finger(1)};
  const ArmJoints q = w.ArmPositions();
  std::copy(q.begin(), q.end(), obs.begin() + 7);
  obs[14] = w.memory.gripper_action;
  return obs;
}

SceneObs World::scene_obs() const {
  const Impl& w = *impl_;
  SceneObs obs = {w.Table(w.table.slide_link),       w.Table(w.table.drawer_link),
                  w.Table(w.table.button_link),      w.Table(w.table.switch_link),
                  w.memory.lightbulb_on ? 1.0 : 0.0, w.memory.led_on ? 1.0 : 0.0};
  for (size_t slot = 0; slot < 3; ++slot) {
    const BlockState block = w.ObservedBlock(w.scene.slot_color(slot));
    const Vec3 euler = ToEuler(block.orientation);
    const double values[] = {block.position.x, block.position.y, block.position.z, euler.x, euler.y, euler.z};
    std::copy(std::begin(values), std::end(values), obs.begin() + static_cast<std::ptrdiff_t>(6 + 6 * slot));
  }
  return obs;
}

SceneInfo World::Info() const {
  const Impl& w = *impl_;
  SceneInfo info;
  info.robot.uid = w.robot.body;
  info.robot.tcp_position = w.memory.X_WTcp.p;
  info.robot.tcp_euler = ToEuler(w.memory.X_WTcp.q);
  info.robot.gripper_width = w.Finger(0) + w.Finger(1);
  info.robot.arm_joints = w.ArmPositions();
  info.robot.gripper_action = w.memory.gripper_action;
  info.robot.contacts = w.Contacts(w.robot.body);
  for (size_t color = 0; color < 3; ++color) {
    const BlockState block = w.ObservedBlock(color);
    info.blocks[color] = {.uid = w.scene.description().block_bodies[color],
                          .position = block.position,
                          .orientation = block.orientation,
                          .linear_velocity = block.linear_velocity,
                          .angular_velocity = block.angular_velocity,
                          .contacts = w.Contacts(w.scene.description().block_bodies[color])};
  }
  info.table = {.uid = w.table.body,
                .base_link = w.table.base_link,
                .plank_link = w.table.plank_link,
                .drawer_link = w.table.drawer_link,
                .slide_link = w.table.slide_link,
                .button_link = w.table.button_link,
                .switch_link = w.table.switch_link,
                .light_link = w.table.light_link,
                .led_link = w.table.led_link};
  info.slide_m = w.Table(w.table.slide_link);
  info.drawer_m = w.Table(w.table.drawer_link);
  info.button_m = w.Table(w.table.button_link);
  info.switch_rad = w.Table(w.table.switch_link);
  info.lightbulb_on = w.memory.lightbulb_on;
  info.led_on = w.memory.led_on;
  return info;
}

SceneState World::scene_state() const {
  const Impl& w = *impl_;
  SceneState state;
  state.lightbulb_on = w.memory.lightbulb_on;
  state.led_on = w.memory.led_on;
  for (int b = 0; b < w.bullet->body_count(); ++b) {
    const BodyBlueprint& body = w.scene.body(b);
    for (int link = -1; link < body.link_count(); ++link)
      state.X_WL.push_back(
          FromBullet(w.bullet->collider(b, link).getWorldTransform() * body.link(link).X_IL));
  }
  return state;
}

Pose World::X_WTcp() const { return impl_->memory.X_WTcp; }
Vec3 World::target_position() const { return impl_->memory.target_position; }
Vec3 World::target_euler() const { return impl_->memory.target_euler; }

Pose World::X_WGripperCamera() const { return impl_->memory.X_WGripperCamera; }

Snapshot World::Save() const {
  const Impl& w = *impl_;
  WorldStateFields fields = w.memory;
  const auto joint = [&](int body, int link) {
    return JointState{w.bullet->joint_position(body, link), w.bullet->joint_velocity(body, link)};
  };
  for (size_t i = 0; i < 7; ++i) fields.arm[i] = joint(w.robot.body, w.robot.arm_links[i]);
  for (size_t i = 0; i < 2; ++i) fields.fingers[i] = joint(w.robot.body, w.robot.finger_links[i]);
  fields.slide = joint(w.table.body, w.table.slide_link);
  fields.drawer = joint(w.table.body, w.table.drawer_link);
  fields.button = joint(w.table.body, w.table.button_link);
  fields.toggle = joint(w.table.body, w.table.switch_link);
  for (size_t color = 0; color < 3; ++color) fields.blocks[color] = w.Block(color);
  return {Pack(fields), SaveContacts(*w.bullet, w.scene.fingerprint())};
}

void World::Restore(const Snapshot& snapshot) {
  Impl& w = *impl_;
  const WorldStateFields fields = Unpack(snapshot.state);
  // Into a new Bullet world, so that a broken snapshot leaves this one as it is.
  std::unique_ptr<BulletWorld> restored = w.scene.MakeWorld();
  const auto set_joint = [&](int body, int link, const JointState& state) {
    restored->body(body).setJointPos(link, state.position);
    restored->body(body).setJointVel(link, state.velocity);
  };
  for (size_t i = 0; i < 7; ++i) set_joint(w.robot.body, w.robot.arm_links[i], fields.arm[i]);
  for (size_t i = 0; i < 2; ++i) set_joint(w.robot.body, w.robot.finger_links[i], fields.fingers[i]);
  set_joint(w.table.body, w.table.slide_link, fields.slide);
  set_joint(w.table.body, w.table.drawer_link, fields.drawer);
  set_joint(w.table.body, w.table.button_link, fields.button);
  set_joint(w.table.body, w.table.switch_link, fields.toggle);
  for (size_t color = 0; color < 3; ++color) {
    const BlockState& block = fields.blocks[color];
    btMultiBody& body = restored->body(w.scene.description().block_bodies[color]);
    body.setBasePos(ToBullet(block.position));
    body.setWorldToBaseRot(ToBullet(block.orientation).inverse());
    body.setBaseVel(ToBullet(block.linear_velocity));
    body.setBaseOmega(ToBullet(block.angular_velocity));
  }
  for (int b = 0; b < restored->body_count(); ++b) restored->UpdatePoses(b);
  RestoreContacts(snapshot.contacts, w.scene.fingerprint(), *restored);

  std::swap(w.bullet, restored);
  w.memory = fields;
  w.SetArmTargets(fields.arm_targets);
  w.SetFingerTargets(fields.finger_targets, fields.finger_forces_N[0]);
}

}  // namespace deerbench
