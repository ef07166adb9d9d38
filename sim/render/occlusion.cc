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

// `kInside`: no tap can leave the picture.
template <bool kInside>
DEERBENCH_INLINE F8 Occluded(const VisibilityBuffer& v, const View& view, int x, int y, float radius_m) {
  const int stride = v.stride;
  const float* p = v.depth.data() + v.Index(x, y);
  const F8 here = Load(p);
  const F8 z = Splat(1.0f) / here;
  // The surface's own slope: the gentler side, so that a silhouette does not tilt it.
  const F8 slope_x = SmallerMagnitude(Load(p + 1) - here, here - Load(p - 1));
  const F8 slope_y = SmallerMagnitude(Load(p + stride) - here, here - Load(p - stride));
  const I8 column = LaneIndex() + x;
  const F8 zero = Splat(0.0f), one = Splat(1.0f);
  const F8 to_metres = z * z, steepness = to_metres * here * Splat(static_cast<float>(view.f));
  const F8 fading = to_metres * Splat(1 / radius_m);
  F8 sum = zero;
#pragma GCC unroll 16
  for (int i = 0; i < kNumTaps; ++i) {
    const Tap tap = kTaps[i];
    if (!kInside && (y + tap.dy < 0 || y + tap.dy >= v.height)) continue;
    const F8 plane =
        here + Splat(static_cast<float>(tap.dx)) * slope_x + Splat(static_cast<float>(tap.dy)) * slope_y;
    const F8 rise = Load(p + tap.dy * stride + tap.dx) - plane;  // towards the camera
    // Steepness less a little, so that curved surfaces do not occlude themselves; fading out with distance.
    const F8 steep = Clamp01(rise * steepness * Splat(tap.inverse_distance) - Splat(0.15f));
    const F8 occluded = steep * Max(one - rise * fading, zero);
    if (kInside)
      sum += occluded;
    else
      sum += (column + tap.dx >= 0) & (column + tap.dx < v.width) ? occluded : zero;
  }
  return sum * Splat(2.0f / kNumTaps);
}

}  // namespace

F8 AmbientVisibility(const VisibilityBuffer& v, const View& view, int x, int y, float strength,
                     float radius_m) {
  const bool inside = x >= kOcclusionReach && x + kLanes - 1 + kOcclusionReach < v.width &&
                      y >= kOcclusionReach && y + kOcclusionReach < v.height;
  const F8 occluded =
      inside ? Occluded<true>(v, view, x, y, radius_m) : Occluded<false>(v, view, x, y, radius_m);
  return Splat(1.0f) - Splat(strength) * Min(occluded, Splat(1.0f));
}

}  // namespace deerbench::render
