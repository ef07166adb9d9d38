#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "sim/render/mip_texture.h"
#include "tests/render/test_scene.h"

namespace deerbench::test {
namespace {

Texture Checkerboard(int size) {
  Texture texture;
  texture.width = texture.height = size;
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const uint8_t c = (x + y) % 2 == 0 ? 255 : 0;
      texture.rgba.insert(texture.rgba.end(), {c, c, c, 255});
    }
  }
  return texture;
}

// Light that shows surface colours as they are.
Lighting PlainLight() {
  Lighting lighting;
  lighting.key = {0, 0, 0};
  lighting.sky = lighting.ground = {1, 1, 1};
  return lighting;
}

TEST_CASE("A checkerboard seen head-on shows its texels, top row up") {
  SceneBuilder builder;
  builder.model.textures.push_back(Checkerboard(8));
  builder.model.textures[0].rgba[0] = 100;  // the top left texel is not quite white
  builder.AddInstance(Quad({-1, 1, 1}, {1, 1, 1}, {1, -1, 1}, {-1, -1, 1}), {}, false,
                      builder.AddMaterial(1, 1, 1, 0));
  // Each texel is 4 x 4 pixels: magnified, so only the full-size image counts.
  for (const bool filter : {false, true}) {
    Renderer renderer(builder.Make(), {.filter_textures = filter, .lighting = PlainLight()});
    const Picture picture = Draw(renderer, builder.state, MakeFrontalCamera(32, 32));
    for (int y = 0; y < 8; ++y) {
      for (int x = 0; x < 8; ++x) {
        // The four pixels in the middle of a texel: unfiltered exactly it, filtered a mix with at most 1/8 +
        // 1/8 of its neighbours.
        for (const int sy : {1, 2}) {
          for (const int sx : {1, 2}) {
            const uint8_t* c = picture.Color(4 * x + sx, 4 * y + sy);
            const int expected = (x + y) % 2 == 0 ? 255 : 0;
            if (x == 0 && y == 0) {
              CHECK(c[0] < c[1] - 50);
            } else {
              CHECK(std::abs(c[0] - expected) <= (filter ? 64 : 0));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("A checkerboard far below the pixel size fades to its mean") {
  SceneBuilder builder;
  builder.model.textures.push_back(Checkerboard(64));
  builder.AddInstance(Quad({-1, 1, 1}, {1, 1, 1}, {1, -1, 1}, {-1, -1, 1}), {}, false,
                      builder.AddMaterial(1, 1, 1, 0));
  Renderer renderer(builder.Make(), {.filter_textures = true, .lighting = PlainLight()});
  const Picture picture = Draw(renderer, builder.state, MakeFrontalCamera(8, 8));
  for (int i = 0; i < 64; ++i) CHECK(std::abs(picture.rgb[static_cast<size_t>(3 * i)] - 128) <= 2);
}

TEST_CASE("Textures of any size wrap around") {
  Texture texture;
  texture.width = 3;
  texture.height = 5;
  for (int i = 0; i < 15; ++i)
    texture.rgba.insert(texture.rgba.end(), {static_cast<uint8_t>(10 * i), 0, 0, 255});
  const render::MipTexture mip(texture);
  for (int k = -2; k <= 2; ++k) {
    for (int i = 0; i < 15; ++i) {
      const float u = (static_cast<float>(i % 3) + 0.5f) / 3 + static_cast<float>(k);
      const float v = 1 - (static_cast<float>(i / 3) + 0.5f) / 5 + static_cast<float>(k);
      const float nearest = mip.SampleNearest(render::Splat(u), render::Splat(v)).r[3];
      const float filtered = mip.SampleFiltered(render::Splat(u), render::Splat(v), render::Splat(0.5f)).r[5];
      CHECK(nearest * 255 == Approx(10 * i).margin(0.01));
      CHECK(filtered * 255 == Approx(10 * i).margin(0.05));
    }
  }
}

TEST_CASE("A surface that turns to the light is brighter than one that turns away") {
  SceneBuilder builder;
  builder.AddInstance(Box({0.5, 0.5, 0.5}), {{0, 0, 0.5}, {}}, false, builder.AddMaterial(0.8f, 0.8f, 0.8f));
  RenderOptions options;
  options.lighting.to_key_light = {1, 0, 0};
  Renderer renderer(builder.Make(), options);
  const Picture bright = Draw(renderer, builder.state, MakeCamera(9, 9, 20, {4, 0, 0.5}, {0, 0, 0.5}));
  const Picture dark = Draw(renderer, builder.state, MakeCamera(9, 9, 20, {-4, 0, 0.5}, {0, 0, 0.5}));
  CHECK(bright.Brightness(4, 4) > dark.Brightness(4, 4) + 150);
}

TEST_CASE("A light that is on shines in its own colour, and the other stays as it is") {
  SceneBuilder builder;
  const int white = builder.AddMaterial(1, 1, 1);
  builder.AddInstance(Box({0.1, 0.1, 0.1}), {{-0.3, 0, 1}, {}}, true, white);
  builder.AddInstance(Box({0.1, 0.1, 0.1}), {{0.3, 0, 1}, {}}, true, white);
  builder.model.instances[0].light = LightSource::kLightbulb;
  builder.model.instances[0].lit_rgba = {1, 1, 0, 1};
  builder.model.instances[1].light = LightSource::kLed;
  builder.model.instances[1].lit_rgba = {0, 1, 0, 1};
  Renderer renderer(builder.Make());
  const Camera camera = MakeFrontalCamera(64, 64);
  const int left = 32 - 9, right = 32 + 9;
  const Picture off = Draw(renderer, builder.state, camera);
  builder.state.lightbulb_on = true;
  const Picture bulb = Draw(renderer, builder.state, camera);
  builder.state.led_on = true;
  const Picture both = Draw(renderer, builder.state, camera);
  CHECK(off.Color(left, 32)[2] > 60);
  CHECK(bulb.Color(left, 32)[0] > 240);
  CHECK(bulb.Color(left, 32)[2] < bulb.Color(left, 32)[0] - 100);
  CHECK(bulb.Brightness(right, 32) == off.Brightness(right, 32));
  CHECK(both.Color(right, 32)[0] < both.Color(right, 32)[1] - 100);
  CHECK(both.Color(right, 32)[1] > 240);
}

TEST_CASE("A lit lamp without glow is a surface of that colour") {
  SceneBuilder builder;
  builder.AddInstance(Box({0.5, 0.5, 0.1}), {{0, 0, 1}, {}}, true, builder.AddMaterial(1, 1, 1));
  builder.model.instances[0].light = LightSource::kLed;
  builder.model.instances[0].lit_rgba = {0, 1, 0, 1};
  RenderOptions options;
  options.lighting = PyBulletLighting();
  Renderer renderer(builder.Make(), options);
  builder.state.led_on = true;
  const Picture picture = Draw(renderer, builder.state, MakeFrontalCamera(16, 16));
  CHECK(picture.Color(8, 8)[0] == 0);
  CHECK(picture.Color(8, 8)[1] > 100);
  CHECK(picture.Color(8, 8)[1] < 230);
}

TEST_CASE("What rays see that hit nothing is the background") {
  SceneBuilder builder;
  builder.AddInstance(Floor(1), {{0, 0, -50}, {}}, true, builder.AddMaterial(1, 1, 1));
  RenderOptions options;
  options.lighting.background_above = {0, 0, 1};
  options.lighting.background_below = {1, 0, 0};
  Renderer renderer(builder.Make(), options);
  const Picture up = Draw(renderer, builder.state, MakeCamera(8, 8, 20, {0, 0, 0}, {1, 0, 5}));
  const Picture down = Draw(renderer, builder.state, MakeCamera(8, 8, 20, {0, 0, 0}, {1, 0, -1}));
  CHECK(up.Color(4, 4)[2] == 255);
  CHECK(up.Color(4, 4)[0] == 0);
  CHECK(down.Color(4, 4)[0] == 255);
  CHECK(down.Color(4, 4)[2] == 0);
}

TEST_CASE("Lighting out of range is refused by the name of the field") {
  RenderOptions options;
  options.lighting.to_key_light = {0, 0, 0};
  CHECK_THROWS_WITH(options.Validate(), Catch::Contains("to_key_light"));
  options.lighting = {};
  options.lighting.sky.y = -1;
  CHECK_THROWS_WITH(options.Validate(), Catch::Contains("sky"));
}

}  // namespace
}  // namespace deerbench::test
