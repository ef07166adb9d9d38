#include <catch2/catch.hpp>

#include "base/error.h"
#include "sim/render/batch_renderer.h"
#include "tests/render/test_scene.h"

namespace deerbench::test {
namespace {

struct Worlds {
  SceneBuilder builder;
  std::vector<SceneState> states;
  std::vector<Camera> cameras = {MakeCamera(70, 50, 40, {1, -1, 1}, {0, 0, 0}),
                                 MakeCamera(33, 64, 60, {-1, 0.5, 0.7}, {0, 0, 0.1})};
};

// A box that stands somewhere else in each world.
Worlds MakeWorlds(int count) {
  Worlds worlds;
  const int material = worlds.builder.AddMaterial(0.7f, 0.4f, 0.2f);
  worlds.builder.AddInstance(Floor(10), {}, true, material);
  const int box = worlds.builder.AddInstance(Box({0.1, 0.1, 0.1}), {{0, 0, 0.1}, {}}, false, material);
  for (int i = 0; i < count; ++i) {
    SceneState state = worlds.builder.state;
    state.X_WL[static_cast<size_t>(box)].p.x = 0.03 * i;
    worlds.states.push_back(state);
  }
  return worlds;
}

TEST_CASE("A batch of worlds is drawn with the bits of single pictures on any number of threads") {
  const Worlds worlds = MakeWorlds(7);
  const auto scene = worlds.builder.Make();
  for (const int threads : {1, 2, 5}) {
    // One array a camera and plane, a row a world.
    std::vector<Picture> batch;
    for (const Camera& camera : worlds.cameras) {
      const size_t pixels = static_cast<size_t>(camera.width) * camera.height * worlds.states.size();
      batch.push_back({camera.width, camera.height, std::vector<uint8_t>(3 * pixels),
                       std::vector<float>(pixels), std::vector<int32_t>(pixels)});
    }
    std::vector<RenderJob> jobs;
    for (size_t i = 0; i < worlds.states.size(); ++i) {
      for (size_t c = 0; c < batch.size(); ++c) {
        const size_t pixel = i * static_cast<size_t>(batch[c].width) * batch[c].height;
        jobs.push_back({&worlds.states[i],
                        worlds.cameras[c],
                        {&batch[c].rgb[3 * pixel], &batch[c].depth_m[pixel], &batch[c].segmentation[pixel]}});
      }
    }
    BatchRenderer renderer(scene, {}, threads);
    CHECK(renderer.threads() == threads);
    renderer.Render(jobs);
    renderer.Render(jobs);  // once more with what the threads' renderers remember
    for (size_t i = 0; i < worlds.states.size(); ++i) {
      for (size_t c = 0; c < batch.size(); ++c) {
        Renderer alone(scene);
        const Picture single = Draw(alone, worlds.states[i], worlds.cameras[c]);
        const size_t pixels = single.depth_m.size();
        CHECK(std::equal(single.rgb.begin(), single.rgb.end(), &batch[c].rgb[3 * pixels * i]));
        CHECK(std::equal(single.depth_m.begin(), single.depth_m.end(), &batch[c].depth_m[pixels * i]));
        CHECK(std::equal(single.segmentation.begin(), single.segmentation.end(),
                         &batch[c].segmentation[pixels * i]));
      }
    }
  }
}

TEST_CASE("A camera that cannot be is refused in a batch too, and an empty batch is none") {
  Worlds worlds = MakeWorlds(3);
  BatchRenderer renderer(worlds.builder.Make(), {}, 2);
  renderer.Render({});
  std::vector<uint8_t> rgb(3 * 70 * 50);
  worlds.cameras[0].fov_y_deg = 0;
  const std::vector<RenderJob> jobs = {{&worlds.states[0], worlds.cameras[0], {.rgb = rgb.data()}}};
  CHECK_THROWS_WITH(renderer.Render(jobs), Catch::Contains("fov_y_deg"));
}

}  // namespace
}  // namespace deerbench::test
