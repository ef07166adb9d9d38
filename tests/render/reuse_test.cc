#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "sim/scene/forward_kinematics.h"
#include "sim/scene/load.h"
#include "tests/render/test_scene.h"

namespace deerbench::test {
namespace {

// Static and moving boxes, a textured table top, two lamps.
SceneBuilder Workbench(uint32_t seed) {
  std::mt19937 random(seed);
  const auto uniform = [&](double low, double high) {
    return low + (high - low) * (random() / 4294967296.0);
  };
  SceneBuilder builder;
  Texture texture;
  texture.width = 37;
  texture.height = 20;
  for (int i = 0; i < 37 * 20 * 4; ++i) texture.rgba.push_back(static_cast<uint8_t>(random()));
  builder.model.textures.push_back(texture);
  const int textured = builder.AddMaterial(1, 1, 1, 0), red = builder.AddMaterial(0.8f, 0.1f, 0.1f);
  builder.AddInstance(Floor(10), {{0, 0, -0.5}, {}}, true, red);
  builder.AddInstance(Box({0.6, 0.4, 0.02}), {}, true, textured);
  for (int i = 0; i < 10; ++i) {
    const bool is_static = i % 2 == 0;
    const Pose X{{uniform(-0.5, 0.5), uniform(-0.3, 0.3), uniform(0.05, 0.3)},
                 FromEuler({uniform(-3, 3), uniform(-1, 1), uniform(-3, 3)})};
    builder.AddInstance(Box({uniform(0.01, 0.1), uniform(0.01, 0.1), uniform(0.01, 0.1)}), X, is_static,
                        i % 3 == 0 ? textured : red);
  }
  builder.model.instances[2].light = LightSource::kLed;
  builder.model.instances[4].light = LightSource::kLightbulb;
  return builder;
}

TEST_CASE("Two renderers draw the same bits") {
  const SceneBuilder builder = Workbench(1);
  const auto scene = builder.Make();
  const Camera camera = MakeCamera(131, 90, 40, {1, -1, 1}, {0, 0, 0});
  Renderer a(scene), b(scene);
  CHECK(Draw(a, builder.state, camera) == Draw(b, builder.state, camera));
}

TEST_CASE("A picture does not depend on what was drawn before, by whom and from where") {
  SceneBuilder builder = Workbench(2);
  const auto scene = builder.Make();
  std::mt19937 random(3);
  std::vector<Camera> cameras;
  for (int i = 0; i < 6; ++i) {
    const double angle = i * 1.1;
    cameras.push_back(MakeCamera(60 + 13 * i, 77 - 6 * i, 25 + 10 * i,
                                 {1.2 * std::cos(angle), 1.2 * std::sin(angle), 0.4 + 0.2 * i}, {0, 0, 0}));
  }
  const bool switches[][3] = {{true, true, true}, {true, false, true}, {false, true, false}};
  for (const auto& [shadows, antialias, occlusion] : switches) {
    const RenderOptions options = {
        .shadows = shadows, .antialias = antialias, .ambient_occlusion = occlusion};
    Renderer worn(scene, options);
    for (int step = 0; step < 60; ++step) {
      // Sometimes only one thing moves, sometimes even one that never should.
      const size_t frame = random() % (step % 20 == 19 ? 12 : 11);
      const bool moves = !builder.model.instances[frame].is_static || step % 20 == 19;
      if (moves) {
        builder.state.X_WL[frame].p.x += 0.02 * (static_cast<int>(random() % 7) - 3);
        builder.state.X_WL[frame].p.z += 0.01 * (static_cast<int>(random() % 7) - 3);
      }
      if (step % 7 == 0) builder.state.led_on = !builder.state.led_on;
      if (step % 11 == 0) builder.state.lightbulb_on = !builder.state.lightbulb_on;
      const Camera& camera = cameras[step < 30 ? random() % 2 : random() % 6];
      Renderer fresh(scene, options);
      if (step % 5 == 4) {
        // Planes alone make a static picture without samples: it must not stay that way.
        std::vector<int32_t> segmentation(static_cast<size_t>(camera.width * camera.height));
        worn.Render(builder.state, camera, {.segmentation = segmentation.data()});
      }
      const Picture a = Draw(worn, builder.state, camera), b = Draw(fresh, builder.state, camera);
      CAPTURE(step, shadows, antialias, occlusion);
      REQUIRE(a.depth_m == b.depth_m);
      REQUIRE(a.segmentation == b.segmentation);
      REQUIRE(a.rgb == b.rgb);
    }
  }
}

TEST_CASE("In our own scene a still camera's picture stays right while the arm moves") {
  const SceneDescription description = LoadSceneDescription("D", std::getenv("DEERBENCH_SCENES"));
  const auto scene = MakeRenderScene(std::make_shared<const VisualModel>(description.visual));
  const CameraDescription& c = description.static_camera;
  Camera camera = MakeCamera(c.width, c.height, c.fov_y_deg, c.eye, c.target, c.up);
  const BodyDescription& robot = description.bodies[static_cast<size_t>(description.robot.body)];
  const auto base = static_cast<size_t>(FirstFrame(description, description.robot.body));
  Renderer worn(scene);
  SceneState state = SceneStateAsLoaded(description);
  for (int step = 0; step < 8; ++step) {
    std::vector<double> q(robot.links.size() - 1);
    for (size_t i = 0; i < 7; ++i)
      q[static_cast<size_t>(description.robot.arm_links[i])] =
          description.robot.initial_joint_positions_rad[i] + (i % 2 == 0 ? 0.07 : -0.05) * step;
    const std::vector<Pose> frames = ForwardKinematics(robot, robot.X_WB, q);
    std::copy(frames.begin(), frames.end(), state.X_WL.begin() + static_cast<std::ptrdiff_t>(base));
    Renderer fresh(scene);
    CAPTURE(step);
    REQUIRE(Draw(worn, state, camera) == Draw(fresh, state, camera));
  }
}

}  // namespace
}  // namespace deerbench::test
