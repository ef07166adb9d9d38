// Inverse kinematics against recordings of PyBullet: ik_{scene}.json.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>

#include "sim/physics/bullet_scene.h"
#include "sim/physics/bullet_types.h"
#include "tests/physics/recordings.h"

namespace deerbench {
namespace {

using nlohmann::json;

TEST_CASE("inverse kinematics takes PyBullet's twenty steps") {
  std::vector<double> raw, clipped;
  for (const auto& file : test::RecordedFiles("ik_", ".json")) {
    const BulletScene& scene = BulletScene::Of(*test::CalvinScene(test::SceneLetter(file)));
    const RobotRoles& robot = scene.description().robot;
    const json recordings = test::ReadJson(file);
    for (const json& recorded : recordings.at("cases")) {
      const auto p = test::ToArray<3>(recorded.at("target_pos"));
      const auto q = test::ToArray<4>(recorded.at("target_quat"));
      const btTransform target({q[0], q[1], q[2], q[3]}, {p[0], p[1], p[2]});
      ArmJoints joints = scene.arm_ik().Solve(target, test::ToArray<7>(recorded.at("q_arm")));
      raw.push_back(test::MaxDifference(joints, test::ToArray<7>(recorded.at("raw_out9"))));
      for (size_t i = 0; i < 7; ++i)
        joints[i] = std::clamp(joints[i], robot.lower_joint_limits_rad[i], robot.upper_joint_limits_rad[i]);
      clipped.push_back(test::MaxDifference(joints, test::ToArray<7>(recorded.at("clipped_out7"))));
    }
  }
  if (raw.empty()) return;
  const auto within = std::count_if(clipped.begin(), clipped.end(), [](double d) { return d <= 1e-5; });
  std::cout << fmt::format(
      "parity inverse kinematics: {} queries, {} within 1e-5 rad; largest difference {:.2g} rad\n",
      clipped.size(), within, test::Quantile(raw, 1));
  CHECK(static_cast<double>(within) >= 0.95 * static_cast<double>(clipped.size()));
}

}  // namespace
}  // namespace deerbench
