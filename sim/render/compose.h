// From light to bytes.
#pragma once

#include <cstdint>
#include <span>

#include "sim/render/raster.h"
#include "sim/render/shade.h"
#include "sim/render/shadow_map.h"

namespace deerbench::render {

// What eight pixels of a row still need.
enum class Treatment : uint8_t {
  kShadows,    // shadows and occlusion of moving things
  kOcclusion,  // occlusion alone
  kCopy,       // nothing: `static_rgb` is right
};

struct ComposeArguments {
  const VisibilityBuffer* visibility = nullptr;
  View view;
  Transform X_LC{};  // camera frame in the light's
  float shadow_bias_m = 0;
  float occlusion = 0;  // 0: none
  float occlusion_radius_m = 1;

  const PixelLight* static_lights = nullptr;   // without the shadows of what moves
  const ShadowMap* moving_shadows = nullptr;   // null: none
  const PixelLight* moving_lights = nullptr;   // complete
  std::span<const uint8_t> takes_moving = {};  // a bit a pixel, eight of a row a byte: which light it takes

  const uint8_t* static_rgb = nullptr;         // (height, width, 3)
  std::span<const Treatment> treatments = {};  // of each eight pixels of a row; empty: all kShadows
};

// Writes rows of three bytes a pixel, `row_bytes` apart.
void Compose(const ComposeArguments& arguments, uint8_t* rgb, size_t row_bytes);

}  // namespace deerbench::render
