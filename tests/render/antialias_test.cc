#include <catch2/catch.hpp>
#include <cmath>

#include "tests/render/test_scene.h"

namespace deerbench::test {
namespace {

// Surfaces show their colours as they are.
RenderOptions PlainOptions(bool antialias) {
  RenderOptions options;
  options.antialias = antialias;
  options.shadows = options.ambient_occlusion = false;
  options.lighting.key = {0, 0, 0};
  options.lighting.sky = options.lighting.ground = {1, 1, 1};
  options.lighting.background_above = options.lighting.background_below = {0, 0, 0};
  return options;
}

// A white half plane whose edge runs through the picture at a slope; black beyond.
SceneBuilder HalfPlane(double slope, bool is_static) {
  SceneBuilder builder;
  builder.AddInstance(Quad({-3, 3, 1}, {3, 3, 1}, {3, 3 * slope + 0.013, 1}, {-3, -3 * slope + 0.013, 1}), {},
                      is_static, builder.AddMaterial(1, 1, 1));
  return builder;
}

TEST_CASE("Edges are as bright as the share of the pixel that they cover") {
  const double slope = 0.3;
  for (const bool is_static : {true, false}) {
    const SceneBuilder builder = HalfPlane(slope, is_static);
    Renderer renderer(builder.Make(), PlainOptions(true));
    const Picture picture = Draw(renderer, builder.state, MakeFrontalCamera(40, 40));
    int partial = 0;
    for (int y = 0; y < 40; ++y) {
      for (int x = 0; x < 40; ++x) {
        // Exact share by fine sampling; the edge in pixels: y = 20 + 20 * (slope * (x - 20) / 20 + 0.013).
        int inside = 0;
        for (int i = 0; i < 32; ++i) {
          for (int j = 0; j < 32; ++j)
            inside += y + (j + 0.5) / 32 > 20.26 + slope * (x + (i + 0.5) / 32 - 20);
        }
        const double share = inside / 1024.0, shown = picture.Color(x, y)[0] / 255.0;
        partial += shown > 0.1 && shown < 0.9;
        CHECK(std::abs(shown - share) < 0.16);  // eight samples
      }
    }
    CHECK(partial > 35);
  }
}

TEST_CASE("Antialiasing leaves depth and segmentation as they are and can be switched off") {
  const SceneBuilder builder = HalfPlane(0.3, false);
  Renderer with(builder.Make(), PlainOptions(true)), without(builder.Make(), PlainOptions(false));
  const Picture a = Draw(with, builder.state, MakeFrontalCamera(40, 40));
  const Picture b = Draw(without, builder.state, MakeFrontalCamera(40, 40));
  CHECK(a.depth_m == b.depth_m);
  CHECK(a.segmentation == b.segmentation);
  for (const uint8_t c : b.rgb) CHECK((c == 0 || c == 255));
}

TEST_CASE("The crease of a box is smooth too") {
  SceneBuilder builder;
  builder.AddInstance(Box({1, 1, 1}), {{0, 0, 4}, FromEuler({0.5, 0.6, 0.2})}, false,
                      builder.AddMaterial(1, 1, 1));
  RenderOptions options = PlainOptions(true);
  options.lighting.key = {1, 1, 1};
  options.lighting.sky = options.lighting.ground = {0, 0, 0};
  options.lighting.key_wrap = 1;
  options.lighting.specular = 0;
  options.lighting.to_key_light = {0.3, 0.2, -1};
  const Camera camera = MakeFrontalCamera(64, 64);
  Renderer smooth(builder.Make(), options);
  options.antialias = false;
  Renderer rough(builder.Make(), options);
  const auto levels = [](const Picture& picture) {
    std::vector<int> seen(256);
    for (size_t i = 0; i < picture.rgb.size(); i += 3) ++seen[picture.rgb[i]];
    return 256 - static_cast<int>(std::count(seen.begin(), seen.end(), 0));
  };
  // Three faces and the background: four levels; smooth edges need many more.
  CHECK(levels(Draw(smooth, builder.state, camera)) > levels(Draw(rough, builder.state, camera)) + 20);
}

}  // namespace
}  // namespace deerbench::test
