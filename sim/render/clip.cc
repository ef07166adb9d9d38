#include "sim/render/clip.h"

#include <algorithm>
#include <cmath>

namespace deerbench::render {
namespace {

struct Plane {
  Vec3 n;  // inside: n . p + d >= 0
  double d;
};

std::vector<Plane> ViewVolume(const View& view) {
  const double left = view.cx + kGuard, right = view.width + kGuard - view.cx;
  const double above = view.cy + kGuard, below = view.height + kGuard - view.cy;
  if (view.orthographic) {
    return {
        {{view.f, 0, 0}, left}, {{-view.f, 0, 0}, right}, {{0, view.f, 0}, above}, {{0, -view.f, 0}, below}};
  }
  return {{{0, 0, 1}, -view.near_m},
          {{view.f, 0, left}, 0},
          {{-view.f, 0, right}, 0},
          {{0, view.f, above}, 0},
          {{0, -view.f, below}, 0}};
}

double Distance(const Plane& plane, const Vec3& p) { return Dot(plane.n, p) + plane.d; }

// Always from the inner to the outer end: the two triangles of an edge run along it in opposite directions.
Vec3 CrossingPoint(const Vec3& inner, double inner_distance, const Vec3& outer, double outer_distance) {
  return inner + (inner_distance / (inner_distance - outer_distance)) * (outer - inner);
}

std::vector<Vec3> ClipPolygon(const std::vector<Vec3>& polygon, const Plane& plane) {
  std::vector<Vec3> result;
  for (size_t i = 0; i < polygon.size(); ++i) {
    const Vec3 &p = polygon[i], &q = polygon[(i + 1) % polygon.size()];
    const double dp = Distance(plane, p), dq = Distance(plane, q);
    if (dp >= 0) result.push_back(p);
    if (dp >= 0 && dq < 0) result.push_back(CrossingPoint(p, dp, q, dq));
    if (dp < 0 && dq >= 0) result.push_back(CrossingPoint(q, dq, p, dp));
  }
  return result;
}

struct DepthPlane {
  double at_origin, x, y;  // of depth over the screen
};

// From the whole triangle rather than a piece of it, which may be a sliver.
DepthPlane DepthOverScreen(const std::array<Vec3, 3>& c, const View& view) {
  const Vec3 n = Cross(c[1] - c[0], c[2] - c[0]);
  if (view.orthographic) {
    // n . p = n . c0 with p = ((x - cx) / f, (y - cy) / f, -depth).
    const double x = n.x / (view.f * n.z), y = n.y / (view.f * n.z);
    return {-Dot(n, c[0]) / n.z - x * view.cx - y * view.cy, x, y};
  }
  const double scale = 1 / Dot(n, c[0]);
  const double x = scale * n.x / view.f, y = scale * n.y / view.f;
  return {scale * n.z - x * view.cx - y * view.cy, x, y};
}

struct SnappedVertex {
  int32_t x, y;  // 1/256 pixel
  float depth;
};

SnappedVertex Snap(const Vec3& p, const View& view) {
  const double w = view.orthographic ? 1 : 1 / p.z;
  constexpr double kSubpixels = 1 << kSubpixelBits;
  return {static_cast<int32_t>(std::floor((view.cx + view.f * p.x * w) * kSubpixels + 0.5)),
          static_cast<int32_t>(std::floor((view.cy + view.f * p.y * w) * kSubpixels + 0.5)),
          static_cast<float>(view.orthographic ? -p.z : w)};
}

// False if no sample can be inside.
bool SetUp(const std::array<SnappedVertex, 3>& v, const DepthPlane& depth, const View& view,
           TriangleSetup& s) {
  const int64_t area = static_cast<int64_t>(v[2].x - v[0].x) * (v[1].y - v[0].y) -
                       static_cast<int64_t>(v[1].x - v[0].x) * (v[2].y - v[0].y);
  if (area <= 0) return false;
  s.x0 = std::max(std::min({v[0].x, v[1].x, v[2].x}) >> 8, 0);
  s.y0 = std::max(std::min({v[0].y, v[1].y, v[2].y}) >> 8, 0);
  s.x1 = std::min(std::max({v[0].x, v[1].x, v[2].x}) >> 8, view.width - 1);
  s.y1 = std::min(std::max({v[0].y, v[1].y, v[2].y}) >> 8, view.height - 1);
  if (s.x0 > s.x1 || s.y0 > s.y1) return false;
  for (int k = 0; k < 3; ++k) {
    const SnappedVertex &p = v[k], &q = v[(k + 1) % 3];
    const int64_t ax = q.y - p.y, ay = p.x - q.x;
    const bool inclusive = ax > 0 || (ax == 0 && ay > 0);
    const int64_t value = ax * (s.x0 * 256 + 128 - p.x) + ay * (s.y0 * 256 + 128 - p.y) - (inclusive ? 0 : 1);
    s.edge[k] = static_cast<int32_t>(value >> 8);
    s.edge_fraction[k] = static_cast<int32_t>(value & 255);
    s.edge_x[k] = static_cast<int32_t>(ax);
    s.edge_y[k] = static_cast<int32_t>(ay);
  }
  s.depth = static_cast<float>(depth.at_origin + depth.x * (s.x0 + 0.5) + depth.y * (s.y0 + 0.5));
  s.depth_x = static_cast<float>(depth.x);
  s.depth_y = static_cast<float>(depth.y);
  s.least_depth = std::min({v[0].depth, v[1].depth, v[2].depth});
  s.greatest_depth = std::max({v[0].depth, v[1].depth, v[2].depth});
  return true;
}

}  // namespace

void ClipTriangle(const std::array<Vec3, 3>& corners, const View& view, uint32_t id, Faces faces,
                  std::vector<TriangleSetup>& out) {
  std::vector<Vec3> polygon(corners.begin(), corners.end());
  for (const Plane& plane : ViewVolume(view)) {
    polygon = ClipPolygon(polygon, plane);
    if (polygon.size() < 3) return;
  }
  if (faces == Faces::kBack) std::reverse(polygon.begin(), polygon.end());
  const DepthPlane depth = DepthOverScreen(corners, view);
  if (!std::isfinite(depth.at_origin) || !std::isfinite(depth.x) || !std::isfinite(depth.y)) return;
  for (size_t i = 2; i < polygon.size(); ++i) {
    TriangleSetup setup;
    setup.id = id;
    if (SetUp({Snap(polygon[0], view), Snap(polygon[i - 1], view), Snap(polygon[i], view)}, depth, view,
              setup))
      out.push_back(setup);
  }
}

}  // namespace deerbench::render
