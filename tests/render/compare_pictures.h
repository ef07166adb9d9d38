// How far a picture of ours is from a recorded one, body by body, and whether that is near enough.
#pragma once

#include <string>
#include <vector>

#include "sim/scene/description.h"
#include "tests/render/test_scene.h"

namespace deerbench::test {

enum class BodyKind { kRobot, kCylinder, kBlock, kTable, kPlane };
inline constexpr const char* kBodyKindNames[] = {"robot", "cylinder", "block", "table", "plane"};
BodyKind KindOfBody(const SceneDescription& scene, int body);

struct BodyFigures {
  int body = 0;
  BodyKind kind = BodyKind::kRobot;
  int pixels = 0;  // in the recording
  double iou = 0;
  double depth_median_m = 0, depth_p95_m = 0;  // where both pictures show the body
  double color_error = 0;  // mean absolute difference, of 255, where the recording shows it
};

struct PictureFigures {
  double color_error = 0;           // of the whole picture, of 255
  std::vector<BodyFigures> bodies;  // those with at least 50 pixels in the recording
};
PictureFigures Compare(const Picture& ours, const Picture& recorded, const SceneDescription& scene);

// What of a picture is further from the recording than it may be, one line each. The cylinder under the arm
// is held to less: PyBullet draws it as a prism of the few corners that its hull finder picks.
std::vector<std::string> Faults(const PictureFigures& figures);

}  // namespace deerbench::test
