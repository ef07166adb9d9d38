// Camera poses against the matrices that calvin_env gave PyBullet: view_* and proj_* of render_*_egl.npz.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <iostream>
#include <numbers>

#include "tests/physics/recordings.h"

namespace deerbench {
namespace {

// OpenGL's view matrix (eye frame: x right, y up, z back), column-major as in the recordings.
std::array<double, 16> ViewMatrix(const Camera& camera) {
  const Pose X_CW = Inverse(camera.X_WC);
  const std::array<double, 9> R = ToMatrix(X_CW.q);
  const std::array<double, 3> sign = {1, -1, -1}, p = {X_CW.p.x, X_CW.p.y, X_CW.p.z};
  std::array<double, 16> view{};
  for (size_t row = 0; row < 3; ++row) {
    for (size_t column = 0; column < 3; ++column) view[4 * column + row] = sign[row] * R[3 * row + column];
    view[12 + row] = sign[row] * p[row];
  }
  view[15] = 1;
  return view;
}

double YScale(const Camera& camera) { return 1 / std::tan(camera.fov_y_deg * std::numbers::pi / 360); }

World ResetAsRecorded(const test::Npz& recorded, const std::string& letter) {
  World world(test::CalvinScene(letter));
  RobotObs robot_obs;
  SceneObs scene_obs;
  std::ranges::copy(recorded.at("input_robot_obs").doubles(), robot_obs.begin());
  std::ranges::copy(recorded.at("input_scene_obs").doubles(), scene_obs.begin());
  world.Reset(robot_obs, scene_obs);
  return world;
}

TEST_CASE("both cameras stand where calvin_env puts them") {
  std::vector<double> fixed, hanging;
  for (const auto& file : test::RecordedFiles("render_", ".npz")) {
    const test::Npz recorded = test::ReadNpz(file);
    if (!recorded.contains("view_static")) continue;
    const World world = ResetAsRecorded(recorded, test::SceneLetter(file));
    const Camera cameras[] = {world.model().static_camera(),
                              world.model().gripper_camera(world.X_WGripperCamera())};
    const char* names[] = {"static", "gripper"};
    std::vector<double>* differences[] = {&fixed, &hanging};
    for (size_t i = 0; i < 2; ++i) {
      const auto view = recorded.at(std::string("view_") + names[i]).doubles();
      differences[i]->push_back(test::MaxDifference(ViewMatrix(cameras[i]), view));
      CHECK(recorded.at(std::string("proj_") + names[i]).doubles()[5] ==
            Approx(YScale(cameras[i])).epsilon(1e-6));
    }
  }
  if (fixed.empty()) return;
  std::cout << fmt::format(
      "parity cameras: {} states; largest difference of a view matrix {:.2g} (static), {:.2g} (gripper)\n",
      fixed.size(), test::Quantile(fixed, 1), test::Quantile(hanging, 1));
  CHECK(test::Quantile(fixed, 1) <= 1e-5);
  CHECK(test::Quantile(hanging, 1) <= 1e-5);
}

}  // namespace
}  // namespace deerbench
