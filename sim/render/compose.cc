#include "sim/render/compose.h"

#include <cstring>

#include "sim/render/occlusion.h"
#include "sim/render/shadow_plane.h"
#include "sim/render/simd.h"

namespace deerbench::render {
namespace {

// Colours of the eight pixels from (x, y) on.
DEERBENCH_INLINE void ComposeGroup(const ComposeArguments& a, int x, int y, int count, uint32_t moving,
                                   bool with_shadows, uint8_t* out) {
  const F8 one = Splat(1.0f);
  F8 row[kLanes];
  const auto first = static_cast<size_t>(y * a.view.width + x);
  if (count == kLanes && (moving == 0 || moving == 0xff)) {
    const PixelLight* lights = (moving == 0 ? a.static_lights : a.moving_lights) + first;
    for (int i = 0; i < kLanes; ++i) row[i] = ToFloat(Widen(Load(lights[i].ambient)));
  } else {
    for (int i = 0; i < kLanes; ++i) {
      const PixelLight* lights = (moving >> i & 1) != 0 ? a.moving_lights : a.static_lights;
      row[i] = ToFloat(Widen(Load(lights[first + static_cast<size_t>(i < count ? i : 0)].ambient)));
    }
  }
  Transpose8x8(row);

  F8 key_visible = one;
  if (with_shadows && moving != 0xff) {
    const I8 is_static = ((Splat(static_cast<int32_t>(moving)) >> LaneIndex()) & 1) == 0;
    key_visible = is_static ? a.moving_shadows->At(x, y) : one;
  }
  F8 sky_visible = one;
  if (a.occlusion > 0)
    sky_visible = AmbientVisibility(*a.visibility, a.view, x, y, a.occlusion, a.occlusion_radius_m);

  I8 bytes[3];
  for (int k = 0; k < 3; ++k) {
    const F8 light = row[k] * sky_visible + row[4 + k] * key_visible;
    bytes[k] = Truncate(Min(light * Splat(255 / kLightScale), Splat(255.0f)) + Splat(0.5f));
  }
  const I8 packed = bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);
  // Each store of four bytes spills into the next pixel, which then overwrites it; the last may not.
  int32_t pixels[kLanes];
  Store(pixels, packed);
  for (int i = 0; i + 1 < count; ++i) std::memcpy(out + 3 * i, &pixels[i], 4);
  std::memcpy(out + 3 * (count - 1), &pixels[count - 1], 3);
}

}  // namespace

void Compose(const ComposeArguments& a, uint8_t* rgb, size_t row_bytes) {
  const int width = a.view.width, groups = (width + kLanes - 1) / kLanes;
  for (int y = 0; y < a.view.height; ++y) {
    for (int gx = 0; gx < groups; ++gx) {
      const int x = gx * kLanes, count = width - x < kLanes ? width - x : kLanes;
      const auto group = static_cast<size_t>(y * groups + gx);
      uint8_t* out = rgb + static_cast<size_t>(y) * row_bytes + static_cast<size_t>(x) * 3;
      const uint8_t need = a.needs.empty() ? kOcclusion | kShadows : a.needs[group];
      if (need == 0) {
        std::memcpy(out, a.static_rgb + static_cast<size_t>(y * width + x) * 3,
                    static_cast<size_t>(count) * 3);
        continue;
      }
      ComposeGroup(a, x, y, count, a.takes_moving.empty() ? 0u : a.takes_moving[group],
                   a.moving_shadows != nullptr && (need & kShadows) != 0, out);
    }
  }
}

}  // namespace deerbench::render
