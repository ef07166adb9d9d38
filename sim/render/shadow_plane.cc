#include "sim/render/shadow_plane.h"

#include <algorithm>

namespace deerbench::render {

void ShadowPlane::Find(const VisibilityBuffer& visibility, const View& view, const Transform& X_LC,
                       const ShadowMap& shadows, float bias_m, std::span<uint8_t> needs) {
  const int groups = (view.width + kLanes - 1) / kLanes;
  stride_ = (groups + 2) * kLanes;
  values_.assign(static_cast<size_t>(stride_ * (view.height + 2)), 1.0f);
  for (int y = 0; y < view.height; ++y) {
    for (int gx = 0; gx < groups; ++gx) {
      uint8_t& need = needs[static_cast<size_t>(y * groups + gx)];
      if ((need & kShadows) == 0) continue;
      const V3x8 p_L = VisiblePoints(visibility, view, X_LC, gx * kLanes, y);
      const F8 visible = shadows.Visibility(p_L, Splat(bias_m));
      if (AnyNegative(visible != Splat(1.0f)))
        Store(&values_[Index(gx * kLanes, y)], visible);
      else
        need = static_cast<uint8_t>(need & ~kShadows);
    }
  }
}

void ShadowPlane::SelectMixed(const EdgeFlags& flags, const View& view, std::span<uint8_t> selected) const {
  const int groups = flags.groups();
  const F8 tolerance = Splat(1.0f / 16);
  for (int y = 0; y < view.height; ++y) {
    for (int gx = 0; gx < groups; ++gx) {
      const uint32_t flagged = flags.group(gx, y);
      if (flagged == 0) continue;
      const float* p = &values_[Index(gx * kLanes, y)];
      const F8 here = Load(p);
      const auto differs = [&](int offset)
                               DEERBENCH_INLINE_LAMBDA { return Abs(Load(p + offset) - here) > tolerance; };
      const uint32_t mixed = SignMask(differs(-1) | differs(1) | differs(-stride_) | differs(stride_));
      selected[static_cast<size_t>(y * groups + gx)] |= static_cast<uint8_t>(mixed & flagged);
    }
  }
}

}  // namespace deerbench::render
