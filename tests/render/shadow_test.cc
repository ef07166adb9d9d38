#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>

#include "tests/render/test_scene.h"

namespace deerbench::test {
namespace {

// A floor under a plate that hangs 0.5 m above it, seen from above and from the side.
struct PlateScene {
  SceneBuilder builder;
  Camera camera = MakeCamera(160, 160, 40, {0, 0, 4}, {0, 0, 0}, {0, 1, 0});

  explicit PlateScene(bool plate_is_static) {
    const int gray = builder.AddMaterial(0.7f, 0.7f, 0.7f);
    builder.model.materials[0].specular = 0;
    builder.AddInstance(Floor(10), {}, true, gray);
    builder.AddInstance(Box({0.2, 0.2, 0.02}), {{0, 0, 0.5}, {}}, plate_is_static, gray);
  }

  // Pixel that shows point (x, y) of the floor.
  std::pair<int, int> PixelOf(double x, double y) const {
    const std::array<double, 9> k = Intrinsics(camera);
    const Vec3 p = Inverse(camera.X_WC) * Vec3{x, y, 0};
    return {static_cast<int>(k[2] + k[0] * p.x / p.z), static_cast<int>(k[5] + k[4] * p.y / p.z)};
  }
  int BrightnessAt(const Picture& picture, double x, double y) const {
    const auto [column, row] = PixelOf(x, y);
    return picture.Brightness(column, row);
  }
};

RenderOptions LightFromTheSide() {
  RenderOptions options;
  options.lighting.to_key_light = {1, 0, 1};  // shadows are shifted by their height towards -x
  return options;
}

TEST_CASE("A shadow falls where an occluder stands between the floor and the light, static or moving") {
  for (const bool is_static : {true, false}) {
    const PlateScene scene(is_static);
    Renderer renderer(scene.builder.Make(), LightFromTheSide());
    const Picture picture = Draw(renderer, scene.builder.state, scene.camera);
    const int lit = scene.BrightnessAt(picture, 0.6, 0.6);
    CHECK(scene.BrightnessAt(picture, -0.5, 0) < lit - 120);
    CHECK(scene.BrightnessAt(picture, -0.5, 0.17) < lit - 120);
    CHECK(scene.BrightnessAt(picture, -0.67, 0) < lit - 120);
    CHECK(scene.BrightnessAt(picture, -0.5, 0.23) > lit - 6);
    CHECK(scene.BrightnessAt(picture, -0.75, 0) > lit - 6);
    CHECK(scene.BrightnessAt(picture, 0.5, 0) > lit - 6);
  }
}

TEST_CASE("Static and moving occluders throw the same shadow") {
  const PlateScene fixed(true), moving(false);
  Renderer a(fixed.builder.Make(), LightFromTheSide()), b(moving.builder.Make(), LightFromTheSide());
  const Picture p = Draw(a, fixed.builder.state, fixed.camera),
                q = Draw(b, moving.builder.state, moving.camera);
  int worst = 0;
  for (size_t i = 0; i < p.rgb.size(); ++i) worst = std::max(worst, std::abs(p.rgb[i] - q.rgb[i]));
  CHECK(worst <= 24);  // in the penumbra: bias and edges are not the same code
  int different = 0;
  for (size_t i = 0; i < p.rgb.size(); ++i) different += std::abs(p.rgb[i] - q.rgb[i]) > 2;
  CHECK(different < static_cast<int>(p.rgb.size() / 100));
}

TEST_CASE("What is farther away than texels are counted throws no shadow and takes none from what is near") {
  const PlateScene alone(false);
  PlateScene scene(false);
  for (const Vec3& p : {Vec3{1e12, -1e12, 0.5}, Vec3{3e6, 0, 0}, Vec3{-3e5, 2e5, 1}})
    scene.builder.AddInstance(Box({0.2, 0.2, 0.02}), {p, {}}, false, 0);
  Renderer a(alone.builder.Make(), LightFromTheSide()), b(scene.builder.Make(), LightFromTheSide());
  CHECK(Draw(a, alone.builder.state, alone.camera).rgb == Draw(b, scene.builder.state, scene.camera).rgb);
}

TEST_CASE("Shadows can be switched off") {
  const PlateScene scene(false);
  RenderOptions options = LightFromTheSide();
  options.shadows = false;
  options.ambient_occlusion = false;
  Renderer renderer(scene.builder.Make(), options);
  const Picture picture = Draw(renderer, scene.builder.state, scene.camera);
  const int lit = scene.BrightnessAt(picture, 0.6, 0.6);
  CHECK(std::abs(scene.BrightnessAt(picture, -0.5, 0) - lit) <= 3);
}

TEST_CASE("The shadow's edge is soft, and as wide as the filter says") {
  const PlateScene scene(false);
  RenderOptions options = LightFromTheSide();
  options.lighting.shadow_texel_m = 0.02;
  const auto steps = [&](int filter) {
    options.lighting.shadow_filter = filter;
    Renderer renderer(scene.builder.Make(), options);
    // Across the edge y = 0.2: 0.4 mm a pixel, so a texel is 50 pixels.
    const Camera camera = MakeCamera(400, 9, 0.0516, {-0.5, 0.2, 4}, {-0.5, 0.2, 0}, {1, 0, 0});
    const Picture picture = Draw(renderer, scene.builder.state, camera);
    const int dark = picture.Brightness(0, 4), lit = picture.Brightness(399, 4);
    int between = 0;
    for (int x = 0; x < 400; ++x) {
      const int b = picture.Brightness(x, 4);
      between += b > std::min(dark, lit) + 12 && b < std::max(dark, lit) - 12;
    }
    CHECK(std::abs(lit - dark) > 100);
    return between;
  };
  const int narrow = steps(1), wide = steps(3);
  CHECK(narrow > 30);
  CHECK(narrow < 60);
  CHECK(wide > 100);
  CHECK(wide < 170);
}

TEST_CASE("A lit surface does not shade itself") {
  SceneBuilder builder;
  const int gray = builder.AddMaterial(0.7f, 0.7f, 0.7f);
  builder.model.materials[0].specular = 0;
  builder.AddInstance(Box({0.3, 0.3, 0.1}), {{0, 0, 0.1}, {}}, false, gray);
  builder.AddInstance(Box({0.3, 0.3, 0.1}), {{1, 0, 0.1}, {}}, true, gray);
  for (const Vec3& light : {Vec3{0.3, 0.2, 1}, Vec3{2, 0.5, 1}, Vec3{-3, 1, 1}}) {
    RenderOptions options;
    options.lighting.to_key_light = light;
    options.ambient_occlusion = false;
    RenderOptions without = options;
    without.shadows = false;
    const Camera camera = MakeCamera(64, 64, 8, {0, 0, 4}, {0, 0, 0}, {0, 1, 0});
    Renderer a(builder.Make(), options), b(builder.Make(), without);
    CHECK(Draw(a, builder.state, camera).rgb == Draw(b, builder.state, camera).rgb);
  }
}

TEST_CASE("What stands in front of a wall darkens the soft light on it, and nothing else does") {
  SceneBuilder builder;
  const int gray = builder.AddMaterial(0.8f, 0.8f, 0.8f);
  builder.AddInstance(Floor(5), {}, true, gray);
  builder.AddInstance(Box({0.05, 0.05, 0.05}), {{0, 0, 0.05}, {}}, false, gray);
  RenderOptions options;
  options.lighting.key = {0, 0, 0};
  const Camera camera = MakeCamera(200, 200, 10, {1.5, -1.5, 2}, {0, 0, 0});
  Renderer with(builder.Make(), options);
  options.ambient_occlusion = false;
  Renderer without(builder.Make(), options);
  const Picture a = Draw(with, builder.state, camera), b = Draw(without, builder.state, camera);
  int darker = 0, brighter = 0, far_away = 0;
  for (int y = 0; y < 200; ++y) {
    for (int x = 0; x < 200; ++x) {
      const int difference = b.Brightness(x, y) - a.Brightness(x, y);
      darker += difference > 20;
      brighter += difference < 0;
      far_away += difference > 3 && (std::abs(x - 100) > 50 || std::abs(y - 100) > 50);
    }
  }
  CHECK(darker > 50);
  CHECK(brighter == 0);
  CHECK(far_away == 0);
}

}  // namespace
}  // namespace deerbench::test
