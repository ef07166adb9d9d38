// Triangles into a buffer of depths and triangle names. Exact coverage: vertices are snapped to 1/256 pixel
// and edges are integers, so neighbouring triangles neither overlap nor leave gaps (top-left rule).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/render/view.h"

namespace deerbench::render {

// Depth and triangle of every pixel, with a margin all round: a whole vector can be read or written at any
// pixel and up to kMargin pixels beside it.
struct VisibilityBuffer {
  static constexpr int kMargin = 16;
  int width = 0, height = 0, stride = 0;
  std::vector<float> depth;  // as in ScreenVertex; greater is nearer
  std::vector<uint32_t> id;  // kBackground or instance << kTriangleBits | triangle

  void Resize(int new_width, int new_height, bool with_ids);
  void Clear(float far_depth);
  // Continues depths and names one pixel into the margin, depths along their slope.
  void FillMargin();
  int Index(int x, int y) const { return (y + 1) * stride + x + kMargin; }
};

// One triangle, ready to be drawn. Edge functions count 1/256 of a subpixel square, rounded down after the
// fill rule's bias: a sample is inside where all three are at least 0.
struct TriangleSetup {
  std::array<int32_t, 3> edge;    // at the centre of pixel (x0, y0)
  std::array<int32_t, 3> edge_x;  // change from pixel to pixel
  std::array<int32_t, 3> edge_y;
  std::array<int32_t, 3> edge_fraction;  // what rounding `edge` down left over, 0..255
  int32_t x0, y0, x1, y1;                // pixels that the bounding box meets, both ends included
  float depth, depth_x, depth_y;         // at the centre of (x0, y0) and its changes
  float least_depth, greatest_depth;     // of the vertices
  uint32_t id;
};

// Which columns, relative to x0, the rows of a triangle can reach, row after row from y0 on.
class RowSpans {
 public:
  // `reach`: how much greater than at pixel centres each edge function may be where it matters.
  RowSpans(const TriangleSetup& setup, const std::array<int32_t, 3>& reach);
  struct Span {
    int first, last;
  };
  Span Next();

 private:
  int width_;
  int num_left_ = 0, num_right_ = 0;
  double left_[3], left_step_[3], right_[3], right_step_[3];  // where edges cross the row
};

enum class Faces : uint8_t { kFront, kBack };

// A triangle that meets pixels, whether or not it contains their centres.
struct Candidate {
  uint32_t triangle;  // of the mesh
  int16_t x0, y0, x1, y1;
};

// Draws the triangles of a mesh. `first_id` is the name of triangle 0. Appends to `candidates`, unless it is
// null, every triangle that meets a pixel, and to `clipped` the pieces of those that had to be clipped.
struct DrawArguments {
  const PackedMesh& mesh;
  const ProjectedMesh& projected;
  const Pose& X_CV;  // for clipping, in double precision
  const View& view;
  Faces faces = Faces::kFront;
  uint32_t first_id = 0;
  std::vector<Candidate>* candidates = nullptr;
  std::vector<TriangleSetup>* clipped = nullptr;
};
void DrawMesh(const DrawArguments& arguments, VisibilityBuffer& target);

// Up to eight triangles of a mesh at once, one a lane of every array.
struct TriangleBatch {
  alignas(32) int32_t edge[3][8], edge_x[3][8], edge_y[3][8], edge_fraction[3][8];
  alignas(32) int32_t x0[8], y0[8], x1[8], y1[8];
  alignas(32) float depth[8], depth_x[8], depth_y[8], least_depth[8], greatest_depth[8];
  uint32_t visible = 0;  // bit i: triangle i faces the right way and meets a pixel
  uint32_t centred = 0;  // bit i: and its bounding box holds the centre of one
  uint32_t clipped = 0;  // bit i: triangle i is visible only in part and has to be clipped first

  TriangleSetup Triangle(int lane, uint32_t id) const;
};
void SetUpTriangles(const DrawArguments& arguments, const uint32_t* triangles, TriangleBatch& out);

}  // namespace deerbench::render
