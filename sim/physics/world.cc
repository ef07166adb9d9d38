#include "sim/physics/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "sim/physics/bullet_types.h"
#include "sim/physics/contact_cache.h"
#include "sim/physics/motors.h"
#include "sim/physics/world_impl.h"

namespace deerbench {

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
