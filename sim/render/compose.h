// From light to bytes.
#pragma once

#include <cstdint>
#include <span>

#include "sim/render/raster.h"
#include "sim/render/shade.h"

namespace deerbench::render {

// What eight pixels of a row need besides a copy of the static picture: bits.
enum Need : uint8_t {
  kOcclusion = 1,  // by things that move
  kShadows = 2,    // of things that move
};

class ShadowPlane;

struct ComposeArguments {
  const VisibilityBuffer* visibility = nullptr;
  View view;
  float occlusion = 0;  // 0: none
  float occlusion_radius_m = 1;

  const PixelLight* static_lights = nullptr;    // without the shadows of what moves
  const ShadowPlane* moving_shadows = nullptr;  // null: none
  const PixelLight* moving_lights = nullptr;    // complete
  std::span<const uint8_t> takes_moving = {};   // a bit a pixel, eight of a row a byte: which light it takes

  const uint8_t* static_rgb = nullptr;  // (height, width, 3)
  std::span<const uint8_t> needs = {};  // of each eight pixels of a row; empty: all
};

// Writes rows of three bytes a pixel, `row_bytes` apart.
void Compose(const ComposeArguments& arguments, uint8_t* rgb, size_t row_bytes);

}  // namespace deerbench::render
