// Where the visible surfaces are, seen from the light.
#pragma once

#include <array>
#include <vector>

#include "sim/render/raster.h"
#include "sim/render/shadow_map.h"
#include "sim/render/simd.h"

namespace deerbench::render {

// Points seen at the centres of the eight pixels from (x, y) on, in the light's frame.
DEERBENCH_INLINE V3x8 VisiblePoints(const VisibilityBuffer& visibility, const View& view,
                                    const Transform& X_LC, int x, int y) {
  const F8 inverse_f = Splat(static_cast<float>(1 / view.f));
  const F8 z = Splat(1.0f) / Load(&visibility.depth[static_cast<size_t>(visibility.Index(x, y))]);
  const F8 dx = (Splat(static_cast<float>(x + 0.5 - view.cx)) + ToFloat(LaneIndex())) * inverse_f;
  const F8 dy = Splat(static_cast<float>(y + 0.5 - view.cy)) * inverse_f;
  const std::array<float, 9>& r = X_LC.r;
  return {z * (r[0] * dx + r[1] * dy + r[2]) + X_LC.t[0], z * (r[3] * dx + r[4] * dy + r[5]) + X_LC.t[1],
          z * (r[6] * dx + r[7] * dy + r[8]) + X_LC.t[2]};
}

// Bounding boxes, in the light's frame, of what blocks of 8 x 8 pixels show.
class LightBounds {
 public:
  void Find(const VisibilityBuffer& visibility, const View& view, const Transform& X_LC);
  bool MayBeShaded(int bx, int by, const ShadowMap& shadows, float bias_m) const;

 private:
  struct Box {
    std::array<float, 3> lower, upper;
  };
  int blocks_x_ = 0;
  std::vector<Box> boxes_;
};

}  // namespace deerbench::render
