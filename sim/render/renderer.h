// Software rasteriser: colour, metric depth and segmentation of a scene, the same bits on every machine.
#pragma once

#include <cstdint>
#include <memory>

#include "sim/render/camera.h"
#include "sim/render/lighting.h"
#include "sim/scene/scene_state.h"
#include "sim/scene/visual_model.h"

namespace deerbench {

struct RenderOptions {
  bool shadows = true;    // shadow map of the key light
  bool antialias = true;  // of colour edges; depth and segmentation are sampled at pixel centres
  bool filter_textures = true;
  bool ambient_occlusion = true;
  Lighting lighting = {};

  void Validate() const;
};

// How a scene of that look is drawn. PyBullet's: PyBulletLighting(), hard edges, no ambient occlusion.
RenderOptions OptionsOf(Look look);

// Where a picture goes. A null plane is not computed.
struct ImageView {
  uint8_t* rgb = nullptr;           // (height, width, 3) sRGB
  float* depth_m = nullptr;         // (height, width) along the optical axis; far_m where nothing was hit
  int32_t* segmentation = nullptr;  // (height, width) body index, -1 for background
};

// Immutable per-scene data prepared for drawing (mip levels, packed geometry); shared by any number of
// renderers.
class RenderScene;
std::shared_ptr<const RenderScene> MakeRenderScene(std::shared_ptr<const VisualModel> model);

// Holds scratch buffers and the cached static background of the cameras it has drawn: one per thread. The
// cache is invisible: pictures depend on the arguments of Render alone.
class Renderer {
 public:
  explicit Renderer(std::shared_ptr<const RenderScene> scene);  // in the scene's own look
  Renderer(std::shared_ptr<const RenderScene> scene, const RenderOptions& options);
  ~Renderer();
  Renderer(Renderer&&) noexcept;
  Renderer& operator=(Renderer&&) noexcept;

  // Draws one picture. Throws Error if the state's frame count does not fit the scene.
  void Render(const SceneState& state, const Camera& camera, const ImageView& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace deerbench
