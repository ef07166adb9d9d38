#include "sim/render/occlusion.h"

namespace deerbench::render {
namespace {

struct Tap {
  int dx, dy;
  float inverse_distance;
};
// Two rings, so that both contacts and corners show.
constexpr Tap kTaps[] = {
    {3, 1, 0.316f},  {-1, 3, 0.316f}, {-3, -1, 0.316f}, {1, -3, 0.316f},
    {8, -3, 0.117f}, {3, 8, 0.117f},  {-8, 3, 0.117f},  {-3, -8, 0.117f},
};
static_assert(kOcclusionReach <= VisibilityBuffer::kMargin);
constexpr int kNumTaps = sizeof(kTaps) / sizeof(kTaps[0]);

DEERBENCH_INLINE F8 SmallerMagnitude(F8 a, F8 b) { return Abs(a) < Abs(b) ? a : b; }

}  // namespace

F8 AmbientVisibility(const VisibilityBuffer& v, const View& view, int x, int y, float strength,
                     float radius_m) {
  const auto i = static_cast<size_t>(v.Index(x, y)), row = static_cast<size_t>(v.stride);
  const F8 here = Load(&v.depth[i]);
  const F8 z = Splat(1.0f) / here;
  // The surface's own slope: the gentler side, so that a silhouette does not tilt it.
  const F8 slope_x = SmallerMagnitude(Load(&v.depth[i + 1]) - here, here - Load(&v.depth[i - 1]));
  const F8 slope_y = SmallerMagnitude(Load(&v.depth[i + row]) - here, here - Load(&v.depth[i - row]));
  const I8 column = LaneIndex() + x;
  const F8 zero = Splat(0.0f), one = Splat(1.0f);
  const F8 to_metres = z * z, pixels_a_metre = here * Splat(static_cast<float>(view.f));
  const F8 inverse_radius = Splat(1 / radius_m);
  F8 sum = zero;
  for (const Tap& tap : kTaps) {
    if (y + tap.dy < 0 || y + tap.dy >= v.height) continue;
    const I8 inside = (column + tap.dx >= 0) & (column + tap.dx < v.width);
    const F8 other = Load(&v.depth[i + static_cast<size_t>(tap.dy * v.stride + tap.dx)]);
    const F8 plane =
        here + slope_x * Splat(static_cast<float>(tap.dx)) + slope_y * Splat(static_cast<float>(tap.dy));
    const F8 rise = (other - plane) * to_metres;  // towards the camera
    // Steepness less a little, so that curved surfaces do not occlude themselves; fading out with distance.
    const F8 steep = Clamp01(rise * pixels_a_metre * Splat(tap.inverse_distance) - Splat(0.15f));
    const F8 near = Max(one - rise * inverse_radius, zero);
    sum += inside ? steep * near : zero;
  }
  return one - Splat(strength) * Min(sum * Splat(2.0f / kNumTaps), one);
}

}  // namespace deerbench::render
