// From light to bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/render/raster.h"
#include "sim/render/shade.h"
#include "sim/render/shadow_map.h"

namespace deerbench::render {

struct ComposeArguments {
  const VisibilityBuffer& visibility;
  const View& view;
  // A bit a pixel, eight pixels of a row a byte: which of the two lights it takes.
  std::span<const uint8_t> takes_moving;
  const PixelLight* static_lights;  // without the shadows of what moves
  const PixelLight* moving_lights;  // complete
  const ShadowMap* moving_shadows;  // null: none
  Transform X_LC;                   // camera frame in the light's
  float shadow_bias_m;
  float occlusion;  // 0: none
  float occlusion_radius_m;
};

// Writes rows of three bytes a pixel, `row_bytes` apart.
void Compose(const ComposeArguments& arguments, uint8_t* rgb, size_t row_bytes);

}  // namespace deerbench::render
