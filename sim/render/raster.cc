#include "sim/render/raster.h"

#include <algorithm>

#include "sim/render/clip.h"
#include "sim/render/simd.h"

namespace deerbench::render {
namespace {

struct CornerLanes {
  F8 x, y, depth;
  I8 code;
};

// Gathers corner `corner` of eight triangles.
DEERBENCH_INLINE CornerLanes LoadCorners(const ScreenVertex* vertices, const uint32_t* position_of_corner,
                                         const uint32_t* triangles, uint32_t corner) {
  F8 columns[4];
  LoadFourColumns(
      [&](size_t i)
          DEERBENCH_INLINE_LAMBDA { return &vertices[position_of_corner[3 * triangles[i] + corner]].x; },
      columns);
  return {columns[0], columns[1], columns[2], BitsOf(columns[3])};
}

// Edge functions and depth at the eight pixels from (x, y0) on.
struct Column {
  I8 edge[3];
  F8 depth;
};
DEERBENCH_INLINE Column ColumnAt(const TriangleSetup& s, int x) {
  const I8 dx = LaneIndex() + (x - s.x0);
  Column column;
  for (int k = 0; k < 3; ++k) column.edge[k] = Splat(s.edge[k]) + Splat(s.edge_x[k]) * dx;
  column.depth = Splat(s.depth) + Splat(s.depth_x) * ToFloat(dx);
  return column;
}

template <bool kWithIds>
DEERBENCH_INLINE void DrawEight(const Column& column, I8 outside, float depth_change, const TriangleSetup& s,
                                float* depths, uint32_t* ids) {
  const F8 depth =
      Min(Max(column.depth + Splat(depth_change), Splat(s.least_depth)), Splat(s.greatest_depth));
  const F8 old_depth = Load(depths);
  const I8 drawn = (outside >= 0) & (depth > old_depth);
  if (!AnyNegative(drawn)) return;
  Store(depths, drawn ? depth : old_depth);
  if constexpr (kWithIds) {
    Store(ids, drawn ? Splat(s.id) : Load(ids));
  }
}

// By value: what is written through vectors could alias anything that is not local.
template <bool kWithIds>
void DrawTriangle(const TriangleSetup s, VisibilityBuffer& target) {
  const int stride = target.stride, start = target.Index(s.x0, s.y0);
  float* depths = target.depth.data() + start;
  uint32_t* ids = kWithIds ? target.id.data() + start : nullptr;
  if (s.x1 - s.x0 < kLanes) {
    Column column = ColumnAt(s, s.x0);
    const I8 step[3] = {Splat(s.edge_y[0]), Splat(s.edge_y[1]), Splat(s.edge_y[2])};
    for (int dy = 0; dy <= s.y1 - s.y0; ++dy) {
      const I8 outside = column.edge[0] | column.edge[1] | column.edge[2];
      DrawEight<kWithIds>(column, outside, s.depth_y * static_cast<float>(dy), s, depths, ids);
      for (int k = 0; k < 3; ++k) column.edge[k] += step[k];
      depths += stride;
      if constexpr (kWithIds) ids += stride;
    }
    return;
  }
  RowSpans spans(s, {0, 0, 0});
  for (int dy = 0; dy <= s.y1 - s.y0; ++dy) {
    const RowSpans::Span span = spans.Next();
    for (int dx = span.first; dx <= span.last; dx += kLanes) {
      const Column column = ColumnAt(s, s.x0 + dx);
      I8 outside = Splat(0);
      for (int k = 0; k < 3; ++k) outside |= column.edge[k] + Splat(s.edge_y[k] * dy);
      DrawEight<kWithIds>(column, outside, s.depth_y * static_cast<float>(dy), s, depths + dx,
                          kWithIds ? ids + dx : nullptr);
    }
    depths += stride;
    if constexpr (kWithIds) ids += stride;
  }
}

// A corner of the eight triangles from `first` on, in 1/256 pixel.
struct SnappedLanes {
  I8 x, y;
};
DEERBENCH_INLINE SnappedLanes LoadSnapped(const int32_t* snapped, const uint32_t* corners) {
  const auto at = [&](int lane) DEERBENCH_INLINE_LAMBDA {
    uint64_t pair;
    __builtin_memcpy(&pair, snapped + 2 * corners[3 * lane], sizeof(pair));
    return pair;
  };
  typedef uint64_t Pairs __attribute__((vector_size(32)));
  const I8 a = reinterpret_cast<I8>(Pairs{at(0), at(1), at(4), at(5)});
  const I8 b = reinterpret_cast<I8>(Pairs{at(2), at(3), at(6), at(7)});
  return {__builtin_shufflevector(a, b, 0, 2, 8, 10, 4, 6, 12, 14),
          __builtin_shufflevector(a, b, 1, 3, 9, 11, 5, 7, 13, 15)};
}

// Bits of those of the eight triangles from `first` on that may contain a pixel's centre: a test that costs a
// fraction of setting them up, and most triangles of fine meshes fail it.
DEERBENCH_INLINE uint32_t MayHoldCentres(const DrawArguments& arguments, int first) {
  const int32_t* snapped = arguments.projected.snapped.data();
  const uint32_t* corners = &arguments.mesh.position_of_corner[3 * static_cast<size_t>(first)];
  SnappedLanes c[3];
  for (int k = 0; k < 3; ++k) c[k] = LoadSnapped(snapped, corners + k);
  const I8 min_x = Min(Min(c[0].x, c[1].x), c[2].x), max_x = Max(Max(c[0].x, c[1].x), c[2].x);
  const I8 min_y = Min(Min(c[0].y, c[1].y), c[2].y), max_y = Max(Max(c[0].y, c[1].y), c[2].y);
  const I8 right = Splat(arguments.view.width - 1), bottom = Splat(arguments.view.height - 1),
           zero = Splat(0);
  const I8 centred = (Max((min_x + 127) >> 8, zero) <= Min((max_x - 128) >> 8, right)) &
                     (Max((min_y + 127) >> 8, zero) <= Min((max_y - 128) >> 8, bottom));
  // No centre is inside unless the snapped triangle faces the right way. Products of large ones wrap round.
  const I8 is_large = (max_x - min_x > 1 << 14) | (max_y - min_y > 1 << 14);
  const auto product = [](I8 a, I8 b) DEERBENCH_INLINE_LAMBDA {
    return reinterpret_cast<U8>(a) * reinterpret_cast<U8>(b);
  };
  const I8 area = reinterpret_cast<I8>(product(c[2].x - c[0].x, c[1].y - c[0].y) -
                                       product(c[1].x - c[0].x, c[2].y - c[0].y));
  const I8 faces = arguments.faces == Faces::kFront ? area > 0 : area < 0;
  return SignMask(centred & (faces | is_large));
}

template <bool kWithIds>
void DrawTriangles(const DrawArguments& arguments, const TriangleBatch& batch, uint32_t which,
                   const uint32_t* triangles, VisibilityBuffer& target) {
  for (uint32_t left = which; left != 0; left &= left - 1) {
    const int i = std::countr_zero(left);
    DrawTriangle<kWithIds>(batch.Triangle(i, arguments.first_id + triangles[i]), target);
  }
}

// Draws a mesh of which nothing is clipped, in the order of its triangles: those that may be seen are set up
// eight at a time.
template <bool kWithIds>
void DrawWholeMesh(const DrawArguments& arguments, VisibilityBuffer& target) {
  const int num_triangles = arguments.mesh.num_triangles;
  TriangleBatch batch;
  uint32_t waiting[2 * kLanes] = {};
  uint32_t count = 0;
  const auto draw = [&](uint32_t number) {
    SetUpTriangles(arguments, waiting, batch);
    DrawTriangles<kWithIds>(arguments, batch, batch.centred & ((1u << number) - 1), waiting, target);
  };
  for (int first = 0; first < num_triangles; first += kLanes) {
    const uint32_t real = num_triangles - first >= kLanes ? 0xffu : (1u << (num_triangles - first)) - 1;
    for (uint32_t left = MayHoldCentres(arguments, first) & real; left != 0; left &= left - 1)
      waiting[count++] = static_cast<uint32_t>(first + std::countr_zero(left));
    if (count < kLanes) continue;
    draw(kLanes);
    count -= kLanes;
    std::copy_n(waiting + kLanes, kLanes, waiting);
  }
  if (count > 0) draw(count);
}

Vec3 CornerInCamera(const PackedMesh& mesh, const Pose& X_CV, uint32_t position) {
  return X_CV * Vec3{mesh.x[position], mesh.y[position], mesh.z[position]};
}

}  // namespace

RowSpans::RowSpans(const TriangleSetup& s, const std::array<int32_t, 3>& reach) : width_(s.x1 - s.x0) {
  for (size_t k = 0; k < 3; ++k) {
    if (s.edge_x[k] == 0) continue;  // the bounding box cuts there
    const double inverse = 1.0 / s.edge_x[k];
    const double crossing = -(static_cast<double>(s.edge[k]) + reach[k]) * inverse,
                 step = -s.edge_y[k] * inverse;
    // A pixel to spare on either side covers the rounding.
    if (s.edge_x[k] > 0) {
      left_[num_left_] = crossing - 1;
      left_step_[num_left_++] = step;
    } else {
      right_[num_right_] = crossing + 1;
      right_step_[num_right_++] = step;
    }
  }
}

RowSpans::Span RowSpans::Next() {
  double first = 0, last = width_;
  for (int k = 0; k < num_left_; ++k) {
    if (left_[k] > first) first = left_[k];
    left_[k] += left_step_[k];
  }
  for (int k = 0; k < num_right_; ++k) {
    if (right_[k] < last) last = right_[k];
    right_[k] += right_step_[k];
  }
  // Crossings can lie far outside.
  return {first < width_ + 1 ? static_cast<int>(first) : width_ + 1, last > -1 ? static_cast<int>(last) : -1};
}

void VisibilityBuffer::Resize(int new_width, int new_height, bool with_ids) {
  width = new_width;
  height = new_height;
  stride = (new_width + kLanes - 1) / kLanes * kLanes + 2 * kMargin;
  const size_t size = static_cast<size_t>(stride) * (height + 2);
  depth.resize(size);
  if (with_ids) id.resize(size);
}

void VisibilityBuffer::Clear(float far_depth) {
  std::fill(depth.begin(), depth.end(), far_depth);
  std::fill(id.begin(), id.end(), kBackground);
}

void VisibilityBuffer::FillMargin() {
  const auto extend = [&](int to, int from, int before) {
    depth[static_cast<size_t>(to)] =
        2 * depth[static_cast<size_t>(from)] - depth[static_cast<size_t>(before)];
    id[static_cast<size_t>(to)] = id[static_cast<size_t>(from)];
  };
  for (int y = 0; y < height; ++y) {
    extend(Index(-1, y), Index(0, y), Index(width > 1 ? 1 : 0, y));
    extend(Index(width, y), Index(width - 1, y), Index(width > 1 ? width - 2 : 0, y));
  }
  for (int x = 0; x < width; ++x) {
    extend(Index(x, -1), Index(x, 0), Index(x, height > 1 ? 1 : 0));
    extend(Index(x, height), Index(x, height - 1), Index(x, height > 1 ? height - 2 : 0));
  }
}

TriangleSetup TriangleBatch::Triangle(int i, uint32_t id) const {
  TriangleSetup s;
  for (int k = 0; k < 3; ++k) {
    s.edge[k] = edge[k][i];
    s.edge_x[k] = edge_x[k][i];
    s.edge_y[k] = edge_y[k][i];
    s.edge_fraction[k] = edge_fraction[k][i];
  }
  s.x0 = x0[i];
  s.y0 = y0[i];
  s.x1 = x1[i];
  s.y1 = y1[i];
  s.depth = depth[i];
  s.depth_x = depth_x[i];
  s.depth_y = depth_y[i];
  s.least_depth = least_depth[i];
  s.greatest_depth = greatest_depth[i];
  s.id = id;
  return s;
}

void SetUpTriangles(const DrawArguments& arguments, const uint32_t* triangles, TriangleBatch& out) {
  const ScreenVertex* vertices = arguments.projected.vertices.data();
  const uint32_t* corners = arguments.mesh.position_of_corner.data();
  CornerLanes c[3];
  for (uint32_t k = 0; k < 3; ++k) c[k] = LoadCorners(vertices, corners, triangles, k);
  if (arguments.faces == Faces::kBack) std::swap(c[1], c[2]);

  const I8 common = c[0].code & c[1].code & c[2].code;
  const I8 any = c[0].code | c[1].code | c[2].code;
  const I8 outside = (common & Splat(static_cast<int32_t>(~kOutsideGuard))) != 0;
  const I8 partly = (any & Splat(static_cast<int32_t>(kTooNear | kOutsideGuard))) != 0;
  out.clipped = SignMask(partly & ~outside);

  // Differences of unsnapped positions give the depth's slope and which way the triangle faces. Rounding
  // cannot cull a triangle that faces forward; one that is kept by mistake has no sample inside.
  const F8 dx1 = c[1].x - c[0].x, dy1 = c[1].y - c[0].y, dx2 = c[2].x - c[0].x, dy2 = c[2].y - c[0].y;
  const F8 area = dx2 * dy1 - dx1 * dy2;
  constexpr float kSnap = 4.0f / (1 << kSubpixelBits);
  const F8 doubt = Splat(kSnap) * (Abs(dx1) + Abs(dy1) + Abs(dx2) + Abs(dy2) + Splat(kSnap));
  const I8 facing = area > -doubt;
  I8 alive = facing & ~outside & ~partly;
  out.visible = out.centred = 0;
  if (!AnyNegative(alive)) return;

  I8 px[3], py[3];
  const F8 subpixels = Splat(static_cast<float>(1 << kSubpixelBits));
  for (int k = 0; k < 3; ++k) {
    // Lanes that are clipped or culled hold anything: keep their numbers in range.
    px[k] = RoundToInt((alive ? c[k].x : Splat(0.0f)) * subpixels);
    py[k] = RoundToInt((alive ? c[k].y : Splat(0.0f)) * subpixels);
  }
  const I8 min_x = Min(Min(px[0], px[1]), px[2]), max_x = Max(Max(px[0], px[1]), px[2]);
  const I8 min_y = Min(Min(py[0], py[1]), py[2]), max_y = Max(Max(py[0], py[1]), py[2]);
  const I8 right = Splat(arguments.view.width - 1), bottom = Splat(arguments.view.height - 1),
           zero = Splat(0);
  const I8 x0 = Max(min_x >> 8, zero), x1 = Min(max_x >> 8, right);
  const I8 y0 = Max(min_y >> 8, zero), y1 = Min(max_y >> 8, bottom);
  alive &= (x0 <= x1) & (y0 <= y1);
  out.visible = SignMask(alive);
  if (out.visible == 0) return;
  out.centred = SignMask(alive & (((min_x + 127) >> 8) <= ((max_x - 128) >> 8)) &
                         (((min_y + 127) >> 8) <= ((max_y - 128) >> 8)));

  for (int k = 0; k < 3; ++k) {
    const int n = (k + 1) % 3;
    const I8 ax = py[n] - py[k], ay = px[k] - px[n];
    const I8 to_x = (x0 << 8) + 128 - px[k], to_y = (y0 << 8) + 128 - py[k];
    // The fill rule: a sample on a left or top edge is inside, on others it is not.
    const I8 inclusive = (ax > 0) | ((ax == 0) & (ay > 0));
    const I8 rest = ax * (to_x & 255) + ay * (to_y & 255) - 1 - inclusive;
    *reinterpret_cast<I8*>(out.edge[k]) = ax * (to_x >> 8) + ay * (to_y >> 8) + (rest >> 8);
    *reinterpret_cast<I8*>(out.edge_fraction[k]) = rest & 255;
    *reinterpret_cast<I8*>(out.edge_x[k]) = ax;
    *reinterpret_cast<I8*>(out.edge_y[k]) = ay;
  }
  *reinterpret_cast<I8*>(out.x0) = x0;
  *reinterpret_cast<I8*>(out.y0) = y0;
  *reinterpret_cast<I8*>(out.x1) = x1;
  *reinterpret_cast<I8*>(out.y1) = y1;

  const F8 inverse = Splat(1.0f) / area;
  const F8 dd1 = c[1].depth - c[0].depth, dd2 = c[2].depth - c[0].depth;
  const F8 depth_x = (dd2 * dy1 - dd1 * dy2) * inverse, depth_y = (dd1 * dx2 - dd2 * dx1) * inverse;
  *reinterpret_cast<F8*>(out.depth_x) = depth_x;
  *reinterpret_cast<F8*>(out.depth_y) = depth_y;
  *reinterpret_cast<F8*>(out.depth) = c[0].depth + depth_x * (ToFloat(x0) + Splat(0.5f) - c[0].x) +
                                      depth_y * (ToFloat(y0) + Splat(0.5f) - c[0].y);
  *reinterpret_cast<F8*>(out.least_depth) = Min(Min(c[0].depth, c[1].depth), c[2].depth);
  *reinterpret_cast<F8*>(out.greatest_depth) = Max(Max(c[0].depth, c[1].depth), c[2].depth);
}

void DrawMesh(const DrawArguments& arguments, VisibilityBuffer& target) {
  const PackedMesh& mesh = arguments.mesh;
  const bool with_ids = !target.id.empty();
  if (!arguments.projected.snapped.empty() && !arguments.candidates) {
    if (with_ids)
      DrawWholeMesh<true>(arguments, target);
    else
      DrawWholeMesh<false>(arguments, target);
    return;
  }
  TriangleBatch batch;
  std::vector<TriangleSetup> pieces;
  for (int first = 0; first < mesh.num_triangles; first += kLanes) {
    uint32_t triangles[kLanes];
    for (int i = 0; i < kLanes; ++i) triangles[i] = static_cast<uint32_t>(first + i);
    const uint32_t real =
        mesh.num_triangles - first >= kLanes ? 0xffu : (1u << (mesh.num_triangles - first)) - 1;
    SetUpTriangles(arguments, triangles, batch);
    if (arguments.candidates) {
      for (uint32_t left = batch.visible & real; left != 0; left &= left - 1) {
        const int i = std::countr_zero(left);
        const auto pixel = [i](const int32_t(&lanes)[8]) { return static_cast<int16_t>(lanes[i]); };
        arguments.candidates->push_back(
            {triangles[i], pixel(batch.x0), pixel(batch.y0), pixel(batch.x1), pixel(batch.y1)});
      }
    }
    for (uint32_t left = batch.centred & real; left != 0; left &= left - 1) {
      const int i = std::countr_zero(left);
      const uint32_t triangle = triangles[i];
      const TriangleSetup setup = batch.Triangle(i, arguments.first_id + triangle);
      if (with_ids)
        DrawTriangle<true>(setup, target);
      else
        DrawTriangle<false>(setup, target);
    }
    for (uint32_t left = batch.clipped & real; left != 0; left &= left - 1) {
      const uint32_t triangle = triangles[std::countr_zero(left)];
      std::array<Vec3, 3> corners;
      for (int k = 0; k < 3; ++k)
        corners[k] = CornerInCamera(mesh, arguments.X_CV, mesh.position_of_corner[3 * triangle + k]);
      pieces.clear();
      ClipTriangle(corners, arguments.view, arguments.first_id + triangle, arguments.faces, pieces);
      for (const TriangleSetup& piece : pieces) {
        if (with_ids)
          DrawTriangle<true>(piece, target);
        else
          DrawTriangle<false>(piece, target);
      }
      if (arguments.clipped)
        arguments.clipped->insert(arguments.clipped->end(), pieces.begin(), pieces.end());
    }
  }
}

}  // namespace deerbench::render
