#include "sim/scene/forward_kinematics.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"

namespace deerbench {
namespace {

// Child link frame in the joint frame.
Pose JointMotion(const JointDescription& joint, double position) {
  switch (joint.type) {
    case JointDescription::Type::kFixed:
      return {};
    case JointDescription::Type::kPrismatic:
      return {position * joint.axis, {}};
    case JointDescription::Type::kRevolute:
    case JointDescription::Type::kContinuous:
      break;
  }
  const Vec3 v = std::sin(position / 2) * Normalized(joint.axis);
  return {{}, {v.x, v.y, v.z, std::cos(position / 2)}};
}

}  // namespace

std::vector<Pose> ForwardKinematics(const BodyDescription& body, const Pose& X_WB,
                                    std::span<const double> joint_positions) {
  if (joint_positions.size() + 1 != body.links.size())
    Fail(fmt::format("{}: {} joint positions, expected {}", body.name, joint_positions.size(),
                     body.links.size() - 1));
  std::vector<Pose> X_WL(body.links.size());
  X_WL[0] = X_WB;
  for (size_t i = 1; i < body.links.size(); ++i) {
    const LinkDescription& link = body.links[i];
    X_WL[i] = X_WL[static_cast<size_t>(link.parent)] * link.joint.X_PJ *
              JointMotion(link.joint, joint_positions[i - 1]);
  }
  return X_WL;
}

int FirstFrame(const SceneDescription& scene, int body) {
  if (body < 0 || body > static_cast<int>(scene.bodies.size()))
    Fail(fmt::format("body {}, expected 0 to {}", body, scene.bodies.size()));
  size_t count = 0;
  for (int i = 0; i < body; ++i) count += scene.bodies[static_cast<size_t>(i)].links.size();
  return static_cast<int>(count);
}

int LinkIndex(const BodyDescription& body, const std::string& link_name) {
  for (size_t i = 0; i < body.links.size(); ++i)
    if (body.links[i].name == link_name) return static_cast<int>(i) - 1;
  Fail(fmt::format("{} ({}): no link '{}'", body.name, body.file, link_name));
}

SceneState SceneStateAsLoaded(const SceneDescription& scene) {
  SceneState state;
  for (size_t b = 0; b < scene.bodies.size(); ++b) {
    const BodyDescription& body = scene.bodies[b];
    std::vector<double> q(body.links.size() - 1, 0.0);
    if (static_cast<int>(b) == scene.robot.body) {
      for (size_t i = 0; i < scene.robot.arm_links.size(); ++i)
        q[static_cast<size_t>(scene.robot.arm_links[i])] = scene.robot.initial_joint_positions_rad[i];
      for (const int link : scene.robot.finger_links)
        q[static_cast<size_t>(link)] = scene.robot.gripper_joint_open_m;
    }
    const std::vector<Pose> frames = ForwardKinematics(body, body.X_WB, q);
    state.X_WL.insert(state.X_WL.end(), frames.begin(), frames.end());
  }
  return state;
}

}  // namespace deerbench
