// Draws a picture, or a tile of a large one.
//
// What never moves is drawn first and kept while the camera stays; moving things are drawn over it. Pixels in
// which a moving thing has a share are shaded as a whole. The others show the static picture, on which only
// the shadows and the occlusion of moving things still have to act. A camera seen for the first time takes
// the same way, but shades only what is visible at last: the picture is the same to the bit.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/render/compose.h"
#include "sim/render/layer.h"
#include "sim/render/light_space.h"
#include "sim/render/renderer.h"
#include "sim/render/resolve.h"
#include "sim/render/shadow_map.h"
#include "sim/render/shadow_plane.h"

namespace deerbench::render {

// The scene in one state.
struct Frame {
  const RenderScene& scene;
  const RenderOptions& options;
  std::span<const Pose> X_WV;  // by instance
  bool lightbulb_on = false, led_on = false;
  Pose X_WL;                                  // the key light
  const ShadowMap* static_shadows = nullptr;  // null: no shadows
  const ShadowMap* moving_shadows = nullptr;
};

// What a camera sees of the things that never move.
struct StaticPicture {
  bool is_drawn = false;
  bool has_samples = false;
  bool has_light = false;  // and all below
  Layer layer;
  std::vector<PixelLight> light;  // (height, width)
  std::vector<uint8_t> rgb;       // (height, width, 3): where nothing moving comes near
  LightBounds light_bounds;
};

class TilePainter {
 public:
  // `picture` is used as far as it goes and completed; with `keep` in all pixels, because it will be used
  // again. Rows of `out` are `stride` pixels long.
  void Paint(const Frame& frame, const Pose& X_WC, const View& view, StaticPicture& picture, bool keep,
             const ImageView& out, int stride);

 private:
  void PaintStatic(const Frame& frame, const Pose& X_WC, const View& view, bool with_samples,
                   StaticPicture& picture);
  void PaintColor(const Frame& frame, const Pose& X_WC, const View& view, StaticPicture& picture, bool keep,
                  uint8_t* rgb, int stride);
  void LightStatic(const Frame& frame, const Pose& X_WC, const View& view, StaticPicture& picture);
  void FindMoving(const Frame& frame, const View& view);
  void FindNeeds(const Frame& frame, const View& view, const StaticPicture& picture);
  void Shade(const Frame& frame, const Pose& X_WC, const View& view, bool with_moving_shadows,
             PixelLight* lights);
  void WritePlanes(const Frame& frame, const View& view, const ImageView& out, int stride) const;

  LayerPainter painter_;
  Layer layer_;
  FragmentLists fragments_;
  std::vector<PixelLight> moving_light_;
  std::vector<uint8_t> moving_;  // a bit a pixel, eight of a row a byte: a moving thing has a share in it
  std::vector<uint8_t> near_;    // a byte for each eight pixels of a row
  std::vector<uint8_t> needs_;   // same: Need
  std::vector<uint8_t> mixed_;   // a bit a pixel: static, but shaded as a whole for its shadows
  ShadowPlane shadow_plane_;
  std::vector<int> last_near_;
};

}  // namespace deerbench::render
