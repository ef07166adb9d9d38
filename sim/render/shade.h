// Colour of visible points of one instance.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "sim/render/lighting.h"
#include "sim/render/mip_texture.h"
#include "sim/render/render_scene.h"
#include "sim/render/shadow_map.h"
#include "sim/render/view.h"

namespace deerbench::render {

// A point of a triangle that is seen at (x, y) on the screen and makes up `eighths` of a pixel.
struct Fragment {
  float x, y;
  uint32_t pixel;
  uint32_t triangle_and_eighths;  // triangle of the instance's mesh, and eighths << kTriangleBits
};

// Light that a pixel receives, kept apart as far as occlusion and shadow still have to act on it. In units of
// 1 / kLightScale: sums do not depend on the order of fragments.
inline constexpr float kLightScale = 16384;
struct PixelLight {
  uint16_t ambient[3];
  uint16_t unused0;
  uint16_t key[3];
  uint16_t unused1;
};

// All that is equal for the fragments of one instance, in the instance's visual frame V.
struct ShadingContext {
  const PackedMesh* mesh = nullptr;
  const MipTexture* texture = nullptr;
  bool filter_textures = true;
  std::array<float, 3> rgb{};
  float specular = 0;
  int shininess = 1;
  bool emissive = false;                 // shines in `rgb` whatever light falls on it
  std::array<float, 3> eye{};            // position of the camera
  std::array<float, 9> X_VC{};           // rotation, row-major
  std::array<float, 3> to_light{};       // unit
  std::array<float, 3> up{};             // unit
  std::array<float, 3> highlight_eye{};  // from where highlights are seen
  bool fixed_highlight_eye = false;
  Transform X_LV{};  // V in the light's frame
  float cx = 0, cy = 0, inverse_f = 0;
};

// Shadows that fall on fragments; null: none.
struct Shadows {
  const ShadowMap* of_static = nullptr;
  const ShadowMap* of_moving = nullptr;
};

ShadingContext MakeShadingContext(const RenderScene& scene, const PackedInstance& instance, bool lit,
                                  const Pose& X_WV, const Pose& X_WC, const Pose& X_WL, const View& view,
                                  const Lighting& lighting, bool filter_textures);

// Adds each fragment's light to its pixel.
void ShadeFragments(const ShadingContext& context, const Lighting& lighting, const Shadows& shadows,
                    std::span<const Fragment> fragments, PixelLight* pixels);

}  // namespace deerbench::render
