#include <catch2/catch.hpp>
#include <functional>
#include <limits>

#include "base/error.h"
#include "tests/render/test_scene.h"

namespace deerbench::test {
namespace {

std::string MessageAfter(const std::function<void(VisualModel&)>& change) {
  SceneBuilder builder;
  builder.model.textures.push_back({2, 2, std::vector<uint8_t>(16, 200)});
  builder.AddInstance(Box({1, 1, 1}), {}, false, builder.AddMaterial(1, 1, 1, 0));
  change(builder.model);
  try {
    builder.Make();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("A sound model is accepted") {
  CHECK(MessageAfter([](VisualModel&) {}).empty());
}

TEST_CASE("A model that would be read out of bounds is refused with what is wrong") {
  using Change = std::function<void(VisualModel&)>;
  const std::pair<const char*, Change> cases[] = {
      {"index 4 is 24", [](VisualModel& m) { m.meshes[0].indices[4] = 24; }},
      {"35 indices", [](VisualModel& m) { m.meshes[0].indices.pop_back(); }},
      {"23 normals", [](VisualModel& m) { m.meshes[0].normals.pop_back(); }},
      {"23 texture coordinates", [](VisualModel& m) { m.meshes[0].uvs.pop_back(); }},
      {"position 3 is not finite",
       [](VisualModel& m) { m.meshes[0].positions[3].y = std::numeric_limits<float>::quiet_NaN(); }},
      {"texture coordinate 2 is not finite",
       [](VisualModel& m) { m.meshes[0].uvs[2].u = std::numeric_limits<float>::infinity(); }},
      {"visual instance 0 mesh: 1", [](VisualModel& m) { m.instances[0].mesh = 1; }},
      {"visual instance 0 material: -1", [](VisualModel& m) { m.instances[0].material = -1; }},
      {"visual instance 0 frame: -1", [](VisualModel& m) { m.instances[0].frame = -1; }},
      {"visual instance 0 scale", [](VisualModel& m) { m.instances[0].scale.y = 0; }},
      {"visual instance 0 X_LV", [](VisualModel& m) { m.instances[0].X_LV.q.w = 2; }},
      {"material 0 texture: 1", [](VisualModel& m) { m.materials[0].texture = 1; }},
      {"material 0 roughness: 2", [](VisualModel& m) { m.materials[0].roughness = 2; }},
      {"texture 0: 15 bytes, expected 16", [](VisualModel& m) { m.textures[0].rgba.pop_back(); }},
      {"texture 0: 0 x 2", [](VisualModel& m) { m.textures[0].width = 0; }},
  };
  for (const auto& [expected, change] : cases) {
    CAPTURE(expected);
    CHECK(MessageAfter(change).find(expected) != std::string::npos);
  }
}

TEST_CASE("An invisible material is not drawn") {
  SceneBuilder builder;
  const int material = builder.AddMaterial(1, 1, 1);
  builder.model.materials[0].rgba[3] = 0;
  builder.AddInstance(Box({1, 1, 1}), {{0, 0, 3}, {}}, false, material);
  Renderer renderer(builder.Make());
  CHECK(Draw(renderer, builder.state, MakeFrontalCamera(4, 4)).Body(2, 2) == -1);
}

}  // namespace
}  // namespace deerbench::test
