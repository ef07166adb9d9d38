// How positions become pixels: a perspective view of a camera (or of a tile of its picture) or an
// orthographic one of a light, and meshes projected through it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/geometry.h"
#include "sim/render/render_scene.h"

namespace deerbench::render {

// Rotation (row-major) and translation in single precision, rounded from double once.
struct Transform {
  std::array<float, 9> r;
  std::array<float, 3> t;
};
Transform ToTransform(const Pose& X);

// The rasteriser counts in 1/256 pixel in 32 bits: pictures larger than kMaxTile are drawn in tiles, and what
// reaches further than kGuard pixels out of the picture is clipped.
inline constexpr int kSubpixelBits = 8;
inline constexpr int kMaxTile = 1024;
inline constexpr int kGuard = 256;

// Pixel (x, y) is (cx + f X / Z, cy + f Y / Z), and depth 1 / Z in 1/m, for (X, Y, Z) in the camera frame C;
// or (cx + f X, cy + f Y) and depth -Z for an orthographic view. Nearer is greater.
struct View {
  bool orthographic = false;
  int width = 0, height = 0;
  double f = 1, cx = 0, cy = 0;
  double near_m = 0, far_m = 0;
};

// A vertex on the screen. `code` has a bit for each side of the view volume on which the vertex is out.
struct ScreenVertex {
  float x, y, depth;
  uint32_t code;
};
enum OutCode : uint32_t {
  kLeft = 1,
  kRight = 2,
  kAbove = 4,
  kBelow = 8,
  kTooNear = 16,
  kTooFar = 32,
  kOutsideGuard = 64,
};

struct ProjectedMesh {
  std::vector<ScreenVertex> vertices;  // by position index, padded as the mesh
  uint32_t common_code = 0;            // bits that all vertices have: not zero means that nothing is visible
  uint32_t any_code = 0;
  std::vector<int32_t> snapped;  // x, y by position index in 1/256 pixel, if asked for and nothing is clipped
};

// True if the bounding box lies outside of the view volume, by a conservative test.
bool IsOutside(const PackedMesh& mesh, const Pose& X_CV, const View& view);

void Project(const PackedMesh& mesh, const Pose& X_CV, const View& view, bool with_snapped,
             ProjectedMesh& out);

}  // namespace deerbench::render
