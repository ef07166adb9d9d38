#include <catch2/catch.hpp>
#include <cmath>

#include "base/error.h"
#include "tests/render/test_scene.h"

namespace deerbench::test {
namespace {

// Depth along the optical axis at which the ray through a pixel's centre meets the plane z = `height`.
double DepthOfPlane(const Camera& camera, int x, int y, double height) {
  const std::array<double, 9> k = Intrinsics(camera);
  const Vec3 ray = Rotate(camera.X_WC.q, {(x + 0.5 - k[2]) / k[0], (y + 0.5 - k[5]) / k[4], 1});
  return (height - camera.X_WC.p.z) / ray.z;
}

TEST_CASE("The depth of a plane is that of the ray through the pixel's centre, within 1e-5 m") {
  SceneBuilder builder;
  builder.AddInstance(Floor(15), {}, true, builder.AddMaterial(1, 1, 1));
  Renderer renderer(builder.Make());
  // CALVIN's static camera, a wide one above the plane (which reaches behind it), and one straight down.
  const Camera cameras[] = {
      MakeCamera(200, 200, 10, {2.871459, -2.166602, 2.555160}, {-0.026242, -0.030233, 0.392000}),
      MakeCamera(84, 84, 75, {0.1, -0.2, 0.6}, {0.4, 0.3, 0.1}),
      MakeCamera(64, 48, 60, {0, 0, 3}, {0, 0, 0}, {0, 1, 0})};
  for (const Camera& camera : cameras) {
    const Picture picture = Draw(renderer, builder.state, camera);
    double worst = 0;
    for (int y = 0; y < camera.height; ++y) {
      for (int x = 0; x < camera.width; ++x) {
        REQUIRE(picture.Body(x, y) == 0);
        worst = std::max(worst, std::abs(picture.Depth(x, y) - DepthOfPlane(camera, x, y, 0)));
      }
    }
    CHECK(worst < 1e-5);
  }
}

TEST_CASE("Nothing is drawn beyond the far plane, before the near plane or beside the scene") {
  SceneBuilder builder;
  builder.AddInstance(Floor(50), {}, true, builder.AddMaterial(1, 1, 1));
  Camera camera = MakeCamera(64, 64, 60, {0, 0, 1}, {1, 0, 1});
  camera.near_m = 2.5;
  camera.far_m = 6;
  Renderer renderer(builder.Make());
  const Picture picture = Draw(renderer, builder.state, camera);
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x) {
      const double z = DepthOfPlane(camera, x, y, 0);
      const bool seen = z > 2.5 && z < 6;
      if (std::abs(z - 2.5) < 1e-4 || std::abs(z - 6) < 1e-4) continue;
      CHECK(picture.Body(x, y) == (seen ? 0 : -1));
      if (!seen) CHECK(picture.Depth(x, y) == 6);
    }
  }
}

TEST_CASE("Segmentation names the body of the nearest surface") {
  SceneBuilder builder;
  const int material = builder.AddMaterial(1, 1, 1);
  builder.AddInstance(Floor(5), {}, true, material);
  builder.AddInstance(Box({0.5, 0.5, 0.5}), {{0, 0, 0.5}, {}}, false, material);
  builder.AddInstance(Box({0.2, 0.2, 0.2}), {{0, 0, 1.2}, {}}, false, material);
  builder.model.instances[2].body = 7;
  Renderer renderer(builder.Make());
  const Camera camera = MakeCamera(100, 100, 45, {0, 0, 5}, {0, 0, 0}, {0, 1, 0});
  const Picture picture = Draw(renderer, builder.state, camera);
  CHECK(picture.Body(50, 50) == 7);
  CHECK(picture.Depth(50, 50) == Approx(5 - 1.4).margin(1e-5));
  CHECK(picture.Body(62, 50) == 1);
  CHECK(picture.Depth(62, 50) == Approx(4).margin(1e-5));
  CHECK(picture.Body(95, 50) == 0);
  CHECK(picture.Depth(95, 50) == Approx(5).margin(1e-5));
}

TEST_CASE("A moved link moves its mesh") {
  SceneBuilder builder;
  const int material = builder.AddMaterial(1, 1, 1);
  builder.AddInstance(Box({0.1, 0.1, 0.1}), {{-0.5, 0, 0}, {}}, false, material);
  builder.model.instances[0].X_LV = {{0, 0, 0.2}, FromEuler({0, 0, 0.3})};
  builder.model.instances[0].scale = {2, 1, 0.5};
  Renderer renderer(builder.Make());
  const Camera camera = MakeCamera(80, 80, 60, {0, 0, 3}, {0, 0, 0}, {0, 1, 0});
  const double pixels_a_metre = Intrinsics(camera)[0] / (3 - 0.25);
  for (const double x : {-0.5, 0.0, 0.5}) {
    builder.state.X_WL[0].p.x = x;
    const Picture picture = Draw(renderer, builder.state, camera);
    const int column = static_cast<int>(40 + x * pixels_a_metre);
    CHECK(picture.Body(column, 40) == 0);
    CHECK(picture.Depth(column, 40) == Approx(3 - 0.25).margin(1e-5));
    CHECK(picture.Body(column + 15, 40) == -1);
  }
}

TEST_CASE("A mirrored mesh is not inside out") {
  SceneBuilder builder;
  builder.AddInstance(Box({0.3, 0.3, 0.3}), {}, false, builder.AddMaterial(1, 1, 1));
  builder.model.instances[0].scale = {-1, 1, 1};
  Renderer renderer(builder.Make());
  const Picture picture =
      Draw(renderer, builder.state, MakeCamera(20, 20, 30, {0, 0, 3}, {0, 0, 0}, {0, 1, 0}));
  CHECK(picture.Depth(10, 10) == Approx(2.7).margin(1e-5));
}

TEST_CASE("Every plane may be left out, and those asked for stay the same") {
  SceneBuilder builder;
  const int material = builder.AddMaterial(0.5, 0.7, 0.2f);
  builder.AddInstance(Floor(5), {}, true, material);
  builder.AddInstance(Box({0.5, 0.5, 0.5}), {{0, 0, 0.5}, {}}, false, material);
  const auto scene = builder.Make();
  const Camera camera = MakeCamera(40, 30, 45, {2, 2, 3}, {0, 0, 0});
  Renderer renderer(scene);
  const Picture all = Draw(renderer, builder.state, camera);
  Picture some = all;
  std::fill(some.rgb.begin(), some.rgb.end(), 0);
  renderer.Render(builder.state, camera, {.rgb = some.rgb.data()});
  CHECK(some.rgb == all.rgb);
  std::fill(some.depth_m.begin(), some.depth_m.end(), 0.0f);
  renderer.Render(builder.state, camera, {.depth_m = some.depth_m.data()});
  CHECK(some.depth_m == all.depth_m);
  std::fill(some.segmentation.begin(), some.segmentation.end(), 0);
  renderer.Render(builder.state, camera, {.segmentation = some.segmentation.data()});
  CHECK(some.segmentation == all.segmentation);
}

TEST_CASE("Any size of picture is drawn, in tiles too") {
  SceneBuilder builder;
  builder.AddInstance(Floor(20), {}, true, builder.AddMaterial(1, 1, 1));
  Renderer renderer(builder.Make());
  const int sizes[][2] = {{1, 1}, {1, 7}, {9, 1}, {33, 17}, {1920, 1080}};
  for (const auto& [width, height] : sizes) {
    const Camera camera = MakeCamera(width, height, 50, {0, 0, 2}, {1.5, 1, 0});
    const Picture picture = Draw(renderer, builder.state, camera);
    double worst = 0;
    int missing = 0;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        missing += picture.Body(x, y) != 0;
        worst = std::max(worst, std::abs(picture.Depth(x, y) - DepthOfPlane(camera, x, y, 0)));
      }
    }
    CHECK(missing == 0);
    CHECK(worst < 2e-5);
  }
}

TEST_CASE("A state with too few or unusable poses is refused") {
  SceneBuilder builder;
  builder.AddInstance(Floor(5), {}, true, builder.AddMaterial(1, 1, 1));
  Renderer renderer(builder.Make());
  SceneState state;
  const Camera camera = MakeFrontalCamera(4, 4);
  CHECK_THROWS_AS(Draw(renderer, state, camera), Error);
  state.X_WL.push_back({{std::nan(""), 0, 0}, {}});
  CHECK_THROWS_AS(Draw(renderer, state, camera), Error);
}

TEST_CASE("An unusable camera is refused by the name of the field") {
  const auto message = [](Camera camera) {
    try {
      camera.Validate();
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  Camera camera;
  CHECK(message(camera).empty());
  camera.width = 0;
  CHECK(message(camera).find("0 x 200") != std::string::npos);
  camera = {};
  camera.fov_y_deg = 180;
  CHECK(message(camera).find("fov_y_deg: 180") != std::string::npos);
  camera = {};
  camera.near_m = 10;
  CHECK(message(camera).find("near_m") != std::string::npos);
}

TEST_CASE("Intrinsics follow from the vertical field of view") {
  Camera camera;
  camera.width = 320;
  camera.height = 200;
  camera.fov_y_deg = 10;
  const std::array<double, 9> k = Intrinsics(camera);
  CHECK(k[0] == Approx(100 / std::tan(5 * 3.14159265358979323846 / 180)).epsilon(1e-14));
  CHECK(k[4] == k[0]);
  CHECK(k[2] == 160);
  CHECK(k[5] == 100);
}

TEST_CASE("LookAt turns the optical axis to the target and keeps up upwards") {
  const Vec3 eyes[] = {{3, -2, 2}, {-3, 0.1, 1}, {0.5, 4, -2}, {-1, -1, 5}};
  for (const Vec3& eye : eyes) {
    const Pose X = LookAt(eye, {0.1, 0.2, 0.3}, {0, 0, 1});
    const Vec3 forward = Rotate(X.q, {0, 0, 1}), expected = Normalized(Vec3{0.1, 0.2, 0.3} - eye);
    CHECK(Norm(forward - expected) < 1e-12);
    CHECK(std::abs(Rotate(X.q, {1, 0, 0}).z) < 1e-12);
    CHECK(Rotate(X.q, {0, 1, 0}).z < 0);
  }
}

}  // namespace
}  // namespace deerbench::test
