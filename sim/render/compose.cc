#include "sim/render/compose.h"

#include "sim/render/occlusion.h"
#include "sim/render/simd.h"

namespace deerbench::render {

void Compose(const ComposeArguments& a, uint8_t* rgb, size_t row_bytes) {
  const int width = a.view.width, groups = (width + kLanes - 1) / kLanes;
  const F8 inverse_f = Splat(static_cast<float>(1 / a.view.f)), one = Splat(1.0f);
  const F8 lane = ToFloat(LaneIndex());
  const F8 bias = Splat(a.shadow_bias_m);
  const std::array<float, 9>& r = a.X_LC.r;
  for (int y = 0; y < a.view.height; ++y) {
    const F8 dy = Splat(static_cast<float>(y + 0.5 - a.view.cy)) * inverse_f;
    for (int gx = 0; gx < groups; ++gx) {
      const int x = gx * kLanes, count = width - x < kLanes ? width - x : kLanes;
      const uint32_t moving = a.takes_moving[static_cast<size_t>(y * groups + gx)];
      F8 row[kLanes];
      for (int i = 0; i < kLanes; ++i) {
        const size_t pixel = static_cast<size_t>(y * width + x + (i < count ? i : 0));
        const PixelLight* lights = (moving >> i & 1) != 0 ? a.moving_lights : a.static_lights;
        row[i] = Load(lights[pixel].ambient);
      }
      Transpose8x8(row);

      F8 key_visible = one;
      if (a.moving_shadows != nullptr && moving != 0xff) {
        const F8 z = one / Load(&a.visibility.depth[static_cast<size_t>(a.visibility.Index(x, y))]);
        const F8 dx = (Splat(static_cast<float>(x + 0.5 - a.view.cx)) + lane) * inverse_f;
        const V3x8 p_L = {z * (r[0] * dx + r[1] * dy + r[2]) + a.X_LC.t[0],
                          z * (r[3] * dx + r[4] * dy + r[5]) + a.X_LC.t[1],
                          z * (r[6] * dx + r[7] * dy + r[8]) + a.X_LC.t[2]};
        const I8 is_static = ((Splat(static_cast<int32_t>(moving)) >> LaneIndex()) & 1) == 0;
        const F8 shadowed = a.moving_shadows->Visibility(p_L, bias);
        key_visible = is_static ? shadowed : one;
      }
      F8 sky_visible = one;
      if (a.occlusion > 0)
        sky_visible = AmbientVisibility(a.visibility, a.view, x, y, a.occlusion, a.occlusion_radius_m);

      I8 bytes[3];
      for (int k = 0; k < 3; ++k)
        bytes[k] =
            Truncate(Clamp01(row[k] * sky_visible + row[4 + k] * key_visible) * Splat(255.0f) + Splat(0.5f));
      uint8_t* out = rgb + static_cast<size_t>(y) * row_bytes + static_cast<size_t>(x) * 3;
      for (int i = 0; i < count; ++i) {
        for (int k = 0; k < 3; ++k) out[3 * i + k] = static_cast<uint8_t>(bytes[k][i]);
      }
    }
  }
}

}  // namespace deerbench::render
