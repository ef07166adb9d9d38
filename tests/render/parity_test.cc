// Our pictures of CALVIN's scenes, in the look that they have unless told otherwise, against PyBullet's.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>

#include "sim/scene/load.h"
#include "tests/render/compare_pictures.h"
#include "tests/render/recorded_render.h"

namespace deerbench::test {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool HasRecordings() {
  if (!Environment("DEERBENCH_CALVIN_ASSETS").empty() && !Environment("DEERBENCH_CALVIN_DATA").empty())
    return true;
  std::cout << "skipped: render parity: DEERBENCH_CALVIN_ASSETS or DEERBENCH_CALVIN_DATA is not set\n";
  return false;
}

struct LoadedScene {
  SceneDescription description;
  std::unique_ptr<Renderer> renderer;
};

LoadedScene Load(const std::string& letter) {
  LoadedScene scene;
  scene.description =
      LoadSceneDescription(letter, Environment("DEERBENCH_SCENES"), Environment("DEERBENCH_CALVIN_ASSETS"));
  scene.renderer = std::make_unique<Renderer>(
      MakeRenderScene(std::make_shared<const VisualModel>(scene.description.visual)));
  return scene;
}

// The worst of a kind of body.
struct Worst {
  int bodies = 0;
  double iou = 1, depth_median_m = 0, depth_p95_m = 0, color_error = 0;

  void Add(const BodyFigures& figures) {
    ++bodies;
    iou = std::min(iou, figures.iou);
    depth_median_m = std::max(depth_median_m, figures.depth_median_m);
    depth_p95_m = std::max(depth_p95_m, figures.depth_p95_m);
    color_error = std::max(color_error, figures.color_error);
  }
};

TEST_CASE("CALVIN's assets look like PyBullet's pictures by default") {
  if (!HasRecordings()) return;
  std::map<std::string, LoadedScene> scenes;
  std::map<BodyKind, Worst> worst;
  int pictures = 0;
  double worst_color = 0, sum_color = 0;
  for (const std::filesystem::path& file : RecordedRenders(Environment("DEERBENCH_CALVIN_DATA"), "egl")) {
    const std::string letter = SceneOfRecording(file);
    if (!scenes.contains(letter)) scenes[letter] = Load(letter);
    const LoadedScene& scene = scenes[letter];
    const RecordedRender recorded = ReadRecordedRender(file, scene.description);
    for (int i = 0; i < 2; ++i) {
      const Picture ours = Draw(*scene.renderer, recorded.state, recorded.cameras[i]);
      const PictureFigures figures = Compare(ours, recorded.pictures[i], scene.description);
      INFO(recorded.name << " " << kCameraNames[i]);
      for (const std::string& fault : Faults(figures)) FAIL_CHECK(fault);
      worst_color = std::max(worst_color, figures.color_error);
      sum_color += figures.color_error;
      ++pictures;
      for (const BodyFigures& body : figures.bodies) worst[body.kind].Add(body);
    }
  }
  REQUIRE(pictures > 0);
  std::cout << fmt::format(
      "parity render egl: {} pictures, mean colour error {:.2f} on average, {:.2f} at most of 255\n",
      pictures, sum_color / pictures, worst_color);
  for (const auto& [kind, w] : worst) {
    std::cout << fmt::format(
        "parity render egl, {}: {} of 50 pixels or more; IoU at least {:.4f}, depth median at most {:.2g} m, "
        "p95 {:.2g} m, colour error {:.2f}\n",
        kBodyKindNames[static_cast<size_t>(kind)], w.bodies, w.iou, w.depth_median_m, w.depth_p95_m,
        w.color_error);
  }
}

// Moves a plane of a picture to the right.
template <typename T>
void Shift(const Picture& picture, std::vector<T>& plane, size_t channels, size_t by) {
  const auto row = static_cast<size_t>(picture.width) * channels;
  for (size_t y = 0; y < static_cast<size_t>(picture.height); ++y) {
    const auto begin = plane.begin() + static_cast<std::ptrdiff_t>(y * row);
    std::rotate(begin, begin + static_cast<std::ptrdiff_t>(row - by * channels),
                begin + static_cast<std::ptrdiff_t>(row));
  }
}

TEST_CASE("A recorded picture that was altered is found out") {
  if (!HasRecordings()) return;
  const auto files = RecordedRenders(Environment("DEERBENCH_CALVIN_DATA"), "egl");
  REQUIRE_FALSE(files.empty());
  const LoadedScene scene = Load(SceneOfRecording(files[0]));
  const RecordedRender recorded = ReadRecordedRender(files[0], scene.description);
  const Picture ours = Draw(*scene.renderer, recorded.state, recorded.cameras[0]);
  const auto faults = [&](const Picture& theirs) {
    return Faults(Compare(ours, theirs, scene.description)).size();
  };
  REQUIRE(faults(recorded.pictures[0]) == 0);

  const int table = scene.description.table.body;
  const std::map<std::string, std::function<void(Picture&)>> alterations = {
      {"brighter by 5 of 255",
       [](Picture& p) {
         for (uint8_t& c : p.rgb) c = static_cast<uint8_t>(std::min(255, c + 5));
       }},
      {"colours two pixels to the right", [](Picture& p) { Shift(p, p.rgb, 3, 2); }},
      {"bodies two pixels to the right", [](Picture& p) { Shift(p, p.segmentation, 1, 2); }},
      {"1 mm further away",
       [](Picture& p) {
         for (float& z : p.depth_m) z += 1e-3f;
       }},
      {"the table under another number",
       [&](Picture& p) { std::ranges::replace(p.segmentation, table, table + 1); }},
      {"red and blue exchanged",
       [](Picture& p) {
         for (size_t i = 0; i < p.rgb.size(); i += 3) std::swap(p.rgb[i], p.rgb[i + 2]);
       }},
  };
  for (const auto& [what, alter] : alterations) {
    Picture altered = recorded.pictures[0];
    alter(altered);
    INFO(what);
    CHECK(faults(altered) > 0);
  }
}

}  // namespace
}  // namespace deerbench::test
