#include "tests/render/compare_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace deerbench::test {
namespace {

constexpr int kLeastPixels = 50;

double Quantile(std::vector<double>& values, double q) {
  if (values.empty()) return 0;
  const auto n = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + n, values.end());
  return values[static_cast<size_t>(n)];
}

BodyFigures CompareBody(const Picture& ours, const Picture& recorded, int body) {
  BodyFigures figures;
  figures.body = body;
  int both = 0, either = 0;
  std::vector<double> depth_errors;
  double color = 0;
  for (size_t i = 0; i < recorded.segmentation.size(); ++i) {
    const bool a = ours.segmentation[i] == body, b = recorded.segmentation[i] == body;
    both += a && b;
    either += a || b;
    if (a && b) depth_errors.push_back(std::abs(ours.depth_m[i] - recorded.depth_m[i]));
    if (!b) continue;
    ++figures.pixels;
    for (size_t k = 0; k < 3; ++k) color += std::abs(ours.rgb[3 * i + k] - recorded.rgb[3 * i + k]) / 3.0;
  }
  figures.iou = both / std::max(1.0, static_cast<double>(either));
  figures.depth_median_m = Quantile(depth_errors, 0.5);
  figures.depth_p95_m = Quantile(depth_errors, 0.95);
  figures.color_error = color / std::max(1, figures.pixels);
  return figures;
}

}  // namespace

BodyKind KindOfBody(const SceneDescription& scene, int body) {
  if (body == scene.robot.body) return BodyKind::kRobot;
  if (body == scene.table.body) return BodyKind::kTable;
  if (std::ranges::count(scene.block_bodies, body) > 0) return BodyKind::kBlock;
  return body < scene.table.body ? BodyKind::kCylinder : BodyKind::kPlane;
}

PictureFigures Compare(const Picture& ours, const Picture& recorded, const SceneDescription& scene) {
  PictureFigures figures;
  double sum = 0;
  for (size_t i = 0; i < recorded.rgb.size(); ++i) sum += std::abs(ours.rgb[i] - recorded.rgb[i]);
  figures.color_error = sum / static_cast<double>(recorded.rgb.size());
  for (int body = 0; body < static_cast<int>(scene.bodies.size()); ++body) {
    BodyFigures one = CompareBody(ours, recorded, body);
    one.kind = KindOfBody(scene, body);
    if (one.pixels >= kLeastPixels) figures.bodies.push_back(one);
  }
  return figures;
}

std::vector<std::string> Faults(const PictureFigures& figures) {
  std::vector<std::string> faults;
  if (!(figures.color_error <= 2))
    faults.push_back(fmt::format("whole picture: mean colour error {:.2f}, at most 2", figures.color_error));
  for (const BodyFigures& body : figures.bodies) {
    const auto check = [&](bool good, const char* what, double value, double limit) {
      if (!good) {
        faults.push_back(fmt::format("body {} ({}, {} pixels): {} {:.5g}, limit {:g}", body.body,
                                     kBodyKindNames[static_cast<size_t>(body.kind)], body.pixels, what, value,
                                     limit));
      }
    };
    const bool is_prism = body.kind == BodyKind::kCylinder;
    const double least_iou = is_prism || body.kind == BodyKind::kBlock ? 0.9 : 0.95;
    check(body.iou >= least_iou, "IoU", body.iou, least_iou);
    if (is_prism) continue;
    check(body.depth_median_m <= 5e-4, "depth median (m)", body.depth_median_m, 5e-4);
    check(body.depth_p95_m <= 5e-3, "depth p95 (m)", body.depth_p95_m, 5e-3);
    check(body.color_error <= 4, "colour error", body.color_error, 4);
  }
  return faults;
}

}  // namespace deerbench::test
