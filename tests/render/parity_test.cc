// Our pictures of CALVIN's scenes against PyBullet's.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>

#include "sim/scene/load.h"
#include "tests/render/recorded_render.h"

namespace deerbench::test {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

struct BodyFigures {
  int pixels = 0;  // in the recording
  double iou = 0;
  double depth_median_m = 0, depth_p95_m = 0;  // where both pictures show the body
  double color_error = 0;  // mean absolute difference, of 255, where the recording shows it
};

double Quantile(std::vector<double>& values, double q) {
  if (values.empty()) return 0;
  const auto n = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + n, values.end());
  return values[static_cast<size_t>(n)];
}

double MeanColorError(const Picture& ours, const Picture& theirs) {
  double sum = 0;
  for (size_t i = 0; i < theirs.rgb.size(); ++i) sum += std::abs(ours.rgb[i] - theirs.rgb[i]);
  return sum / static_cast<double>(theirs.rgb.size());
}

BodyFigures CompareBody(const Picture& ours, const Picture& theirs, int body) {
  BodyFigures figures;
  int both = 0, either = 0;
  std::vector<double> depth_errors;
  double color = 0;
  for (size_t i = 0; i < theirs.segmentation.size(); ++i) {
    const bool a = ours.segmentation[i] == body, b = theirs.segmentation[i] == body;
    both += a && b;
    either += a || b;
    if (a && b) depth_errors.push_back(std::abs(ours.depth_m[i] - theirs.depth_m[i]));
    if (!b) continue;
    ++figures.pixels;
    for (size_t k = 0; k < 3; ++k) color += std::abs(ours.rgb[3 * i + k] - theirs.rgb[3 * i + k]) / 3.0;
  }
  figures.iou = both / std::max(1.0, static_cast<double>(either));
  figures.depth_median_m = Quantile(depth_errors, 0.5);
  figures.depth_p95_m = Quantile(depth_errors, 0.95);
  figures.color_error = color / std::max(1, figures.pixels);
  return figures;
}

TEST_CASE("CALVIN's assets in PyBullet's light look like PyBullet's pictures") {
  const std::string assets = Environment("DEERBENCH_CALVIN_ASSETS"),
                    data = Environment("DEERBENCH_CALVIN_DATA");
  if (assets.empty() || data.empty()) {
    std::cout << "skipped: render parity: DEERBENCH_CALVIN_ASSETS or DEERBENCH_CALVIN_DATA is not set\n";
    return;
  }
  RenderOptions options;
  options.lighting = PyBulletLighting();
  options.antialias = false;
  std::map<std::string, SceneDescription> scenes;
  std::map<std::string, std::unique_ptr<Renderer>> renderers;
  int pictures = 0, bodies = 0;
  double least_iou = 1, worst_median = 0, worst_p95 = 0, worst_body_color = 0, worst_color = 0, sum_color = 0;
  for (const std::filesystem::path& file : RecordedRenders(data, "egl")) {
    const std::string letter = SceneOfRecording(file);
    if (!renderers.contains(letter)) {
      scenes[letter] = LoadSceneDescription(letter, Environment("DEERBENCH_SCENES"), assets);
      renderers[letter] = std::make_unique<Renderer>(
          MakeRenderScene(std::make_shared<const VisualModel>(scenes[letter].visual)), options);
    }
    const SceneDescription& scene = scenes[letter];
    const RecordedRender recorded = ReadRecordedRender(file, scene);
    for (int i = 0; i < 2; ++i) {
      const Picture ours = Draw(*renderers[letter], recorded.state, recorded.cameras[i]);
      const Picture& theirs = recorded.pictures[i];
      INFO(recorded.name << " " << kCameraNames[i]);
      const double color = MeanColorError(ours, theirs);
      CHECK(color <= 2);
      worst_color = std::max(worst_color, color);
      sum_color += color;
      ++pictures;
      for (int body = 0; body < static_cast<int>(scene.bodies.size()); ++body) {
        const BodyFigures figures = CompareBody(ours, theirs, body);
        // Body 1, the cylinder under the arm, PyBullet draws as a prism of few corners that its hull finder
        // picks.
        if (figures.pixels < 50 || body == 1) continue;
        ++bodies;
        INFO("body " << body << ", " << figures.pixels << " pixels");
        CHECK(figures.iou >= 0.98);
        CHECK(figures.depth_median_m <= 1e-3);
        CHECK(figures.depth_p95_m <= 2e-3);
        CHECK(figures.color_error <= 4);
        least_iou = std::min(least_iou, figures.iou);
        worst_median = std::max(worst_median, figures.depth_median_m);
        worst_p95 = std::max(worst_p95, figures.depth_p95_m);
        worst_body_color = std::max(worst_body_color, figures.color_error);
      }
    }
  }
  REQUIRE(pictures > 0);
  std::cout << "parity render egl: " << pictures << " pictures, " << bodies
            << " bodies of 50 pixels or more: IoU at least " << least_iou << ", depth median at most "
            << worst_median << " m, p95 " << worst_p95 << " m, body colour error at most " << worst_body_color
            << "; whole pictures mean " << sum_color / pictures << ", at most " << worst_color << " of 255\n";
}

}  // namespace
}  // namespace deerbench::test
