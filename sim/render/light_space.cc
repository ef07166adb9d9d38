#include "sim/render/light_space.h"

namespace deerbench::render {

void LightBounds::Find(const VisibilityBuffer& v, const View& view, const Transform& X_LC) {
  blocks_x_ = (view.width + kLanes - 1) / kLanes;
  const int blocks_y = (view.height + kLanes - 1) / kLanes;
  boxes_.clear();
  for (int by = 0; by < blocks_y; ++by) {
    for (int bx = 0; bx < blocks_x_; ++bx) {
      constexpr float kFar = 1e30f;
      V3x8 lower = {Splat(kFar), Splat(kFar), Splat(kFar)},
           upper = {Splat(-kFar), Splat(-kFar), Splat(-kFar)};
      for (int y = by * kLanes; y < by * kLanes + kLanes && y < view.height; ++y) {
        const V3x8 p = VisiblePoints(v, view, X_LC, bx * kLanes, y);
        const U8 id = Load(&v.id[static_cast<size_t>(v.Index(bx * kLanes, y))]);
        const I8 counts = (id != kBackground) & (LaneIndex() + bx * kLanes < view.width);
        lower = {Min(lower.x, counts ? p.x : Splat(kFar)), Min(lower.y, counts ? p.y : Splat(kFar)),
                 Min(lower.z, counts ? p.z : Splat(kFar))};
        upper = {Max(upper.x, counts ? p.x : Splat(-kFar)), Max(upper.y, counts ? p.y : Splat(-kFar)),
                 Max(upper.z, counts ? p.z : Splat(-kFar))};
      }
      boxes_.push_back({{HorizontalMin(lower.x), HorizontalMin(lower.y), HorizontalMin(lower.z)},
                        {HorizontalMax(upper.x), HorizontalMax(upper.y), HorizontalMax(upper.z)}});
    }
  }
}

bool LightBounds::MayBeShaded(int bx, int by, const ShadowMap& shadows, float bias_m) const {
  const Box& box = boxes_[static_cast<size_t>(by * blocks_x_ + bx)];
  return box.lower[0] <= box.upper[0] && shadows.MayShade(box.lower, box.upper, bias_m);
}

}  // namespace deerbench::render
