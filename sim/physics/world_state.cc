#include "sim/physics/world_state.h"

#include <fmt/format.h>

#include <cmath>
#include <initializer_list>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "sim/physics/bullet_scene.h"
#include "sim/scene/forward_kinematics.h"

namespace deerbench {
namespace {

// Calls f(double&) for each number and f(bool&) for each flag, in the order of WorldState::values.
template <typename Fields, typename F>
void ForEachValue(Fields& s, F&& f) {
  const auto joint = [&](auto& j) {
    f(j.position);
    f(j.velocity);
  };
  const auto vector = [&](auto& v) {
    f(v.x);
    f(v.y);
    f(v.z);
  };
  const auto quaternion = [&](auto& q) {
    f(q.x);
    f(q.y);
    f(q.z);
    f(q.w);
  };
  for (auto& j : s.arm) joint(j);
  for (auto& j : s.fingers) joint(j);
  joint(s.slide);
  joint(s.drawer);
  joint(s.button);
  joint(s.toggle);
  for (auto& block : s.blocks) {
    vector(block.position);
    quaternion(block.orientation);
    vector(block.linear_velocity);
    vector(block.angular_velocity);
  }
  vector(s.target_position);
  vector(s.target_euler);
  f(s.gripper_action);
  f(s.lightbulb_on);
  f(s.led_on);
  f(s.button_on);
  f(s.button_was_pressed);
  f(s.switch_on);
  for (auto& v : s.arm_targets) f(v);
  for (auto& v : s.finger_targets) f(v);
  for (auto& v : s.finger_forces_N) f(v);
  for (auto* X : {&s.X_WTcp, &s.X_WGripperCamera}) {
    vector(X->p);
    quaternion(X->q);
  }
}

size_t ValueCount() {
  size_t count = 0;
  WorldStateFields fields;
  ForEachValue(fields, [&](auto&) { ++count; });
  return count;
}

// What things are drawn at, within what World::Reset takes.
void RequireNear(const WorldStateFields& s) {
  const auto check = [](const char* what, std::initializer_list<double> values) {
    for (const double value : values)
      if (!(std::abs(value) <= 1e6))
        Fail(fmt::format("world state: {} is {}, expected a number between -1e6 and 1e6", what, value));
  };
  const auto vector = [&](const char* what, const Vec3& v) { check(what, {v.x, v.y, v.z}); };
  const auto quaternion = [&](const char* what, const Quat& q) { check(what, {q.x, q.y, q.z, q.w}); };
  for (const JointState& joint : s.arm) check("position of an arm joint", {joint.position});
  for (const JointState& joint : s.fingers) check("position of a finger", {joint.position});
  for (const JointState* joint : {&s.slide, &s.drawer, &s.button, &s.toggle})
    check("position of a table joint", {joint->position});
  for (const BlockState& block : s.blocks) {
    vector("position of a block", block.position);
    quaternion("orientation of a block", block.orientation);
  }
  vector("position of the tcp", s.X_WTcp.p);
  quaternion("orientation of the tcp", s.X_WTcp.q);
  vector("position of the gripper camera", s.X_WGripperCamera.p);
  quaternion("orientation of the gripper camera", s.X_WGripperCamera.q);
}

}  // namespace

WorldState Pack(const WorldStateFields& fields) {
  WorldState state;
  ForEachValue(fields, [&](const auto& v) { state.values.push_back(static_cast<double>(v)); });
  return state;
}

WorldStateFields Unpack(const WorldState& state) {
  if (state.version != WorldState::kVersion)
    Fail(fmt::format("world state has version {}, expected {}", state.version, WorldState::kVersion));
  static const size_t kCount = ValueCount();
  if (state.values.size() != kCount)
    Fail(fmt::format("world state has {} values, expected {}", state.values.size(), kCount));
  WorldStateFields fields;
  size_t i = 0;
  ForEachValue(fields, [&](auto& v) {
    const double value = state.values[i];
    if (!std::isfinite(value))
      Fail(fmt::format("world state value {} is {}, expected a finite number", i, value));
    if constexpr (std::is_same_v<std::remove_reference_t<decltype(v)>, bool>)
      v = value != 0;
    else
      v = value;
    ++i;
  });
  RequireNear(fields);
  return fields;
}

SceneState MakeSceneState(const SceneModel& model, const WorldState& state) {
  const WorldStateFields fields = Unpack(state);
  const SceneDescription& scene = model.description();
  SceneState out;
  out.lightbulb_on = fields.lightbulb_on;
  out.led_on = fields.led_on;
  for (int b = 0; b < static_cast<int>(scene.bodies.size()); ++b) {
    const BodyDescription& body = scene.bodies[static_cast<size_t>(b)];
    std::vector<double> q(body.links.size() - 1, 0.0);
    const auto set = [&](int link, double position) { q[static_cast<size_t>(link)] = position; };
    Pose X_WB = body.X_WB;
    if (b == scene.robot.body) {
      for (size_t i = 0; i < 7; ++i) set(scene.robot.arm_links[i], fields.arm[i].position);
      for (size_t i = 0; i < 2; ++i) set(scene.robot.finger_links[i], fields.fingers[i].position);
    } else if (b == scene.table.body) {
      set(scene.table.slide_link, fields.slide.position);
      set(scene.table.drawer_link, fields.drawer.position);
      set(scene.table.button_link, fields.button.position);
      set(scene.table.switch_link, fields.toggle.position);
    }
    for (size_t i = 0; i < 3; ++i)
      if (b == scene.block_bodies[i])
        X_WB = Pose{fields.blocks[i].position, fields.blocks[i].orientation} * Inverse(body.links[0].X_LI);
    const std::vector<Pose> X_WL = ForwardKinematics(body, X_WB, q);
    out.X_WL.insert(out.X_WL.end(), X_WL.begin(), X_WL.end());
  }
  return out;
}

InitialState ToInitialState(const SceneModel& model, const WorldState& state) {
  const WorldStateFields fields = Unpack(state);
  InitialState out;
  const auto put = [](auto& array, size_t at, const Vec3& v) {
    array[at] = v.x;
    array[at + 1] = v.y;
    array[at + 2] = v.z;
  };
  put(out.robot_obs, 0, fields.X_WTcp.p);
  put(out.robot_obs, 3, ToEuler(fields.X_WTcp.q));
  out.robot_obs[6] = fields.fingers[0].position + fields.fingers[1].position;
  for (size_t i = 0; i < 7; ++i) out.robot_obs[7 + i] = fields.arm[i].position;
  out.robot_obs[14] = fields.gripper_action;
  out.scene_obs[0] = fields.slide.position;
  out.scene_obs[1] = fields.drawer.position;
  out.scene_obs[2] = fields.button.position;
  out.scene_obs[3] = fields.toggle.position;
  out.scene_obs[4] = fields.lightbulb_on ? 1 : 0;
  out.scene_obs[5] = fields.led_on ? 1 : 0;
  const BulletScene& scene = BulletScene::Of(model);
  for (size_t slot = 0; slot < 3; ++slot) {
    const BlockState& block = fields.blocks[scene.slot_color(slot)];
    put(out.scene_obs, 6 + 6 * slot, block.position);
    put(out.scene_obs, 9 + 6 * slot, ToEuler(block.orientation));
  }
  return out;
}

}  // namespace deerbench
