#include "sim/render/renderer.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "fmt/format.h"
#include "sim/render/raster.h"
#include "sim/render/render_scene.h"
#include "sim/render/shade.h"
#include "sim/render/simd.h"

namespace deerbench {
namespace {

using namespace render;

bool IsFinite(const Pose& X) { return std::isfinite(X.p.x + X.p.y + X.p.z + X.q.x + X.q.y + X.q.z + X.q.w); }

bool IsLit(const PackedInstance& instance, const SceneState& state) {
  return (instance.light == LightSource::kLightbulb && state.lightbulb_on) ||
         (instance.light == LightSource::kLed && state.led_on);
}

uint8_t ToByte(float c) { return static_cast<uint8_t>(std::clamp(c, 0.0f, 1.0f) * 255.0f + 0.5f); }

}  // namespace

struct Renderer::Impl {
  std::shared_ptr<const RenderScene> scene;
  RenderOptions options;

  VisibilityBuffer visibility;
  ProjectedMesh projected;
  std::vector<PixelLight> light;
  std::vector<std::vector<Fragment>> fragments;  // by instance

  void RenderTile(const SceneState& state, const Camera& camera, const View& view, int left, int top,
                  const ImageView& out);
};

Renderer::Renderer(std::shared_ptr<const RenderScene> scene, const RenderOptions& options)
    : impl_(std::make_unique<Impl>()) {
  options.Validate();
  impl_->scene = std::move(scene);
  impl_->options = options;
  impl_->fragments.resize(impl_->scene->instances.size());
}

Renderer::~Renderer() = default;
Renderer::Renderer(Renderer&&) noexcept = default;
Renderer& Renderer::operator=(Renderer&&) noexcept = default;

void Renderer::Render(const SceneState& state, const Camera& camera, const ImageView& out) {
  camera.Validate();
  const int frames = impl_->scene->num_frames;
  if (static_cast<int>(state.X_WL.size()) < frames)
    Fail(fmt::format("scene state X_WL: {} poses, expected at least {}", state.X_WL.size(), frames));
  for (size_t i = 0; i < state.X_WL.size(); ++i) {
    if (!IsFinite(state.X_WL[i])) Fail(fmt::format("scene state X_WL[{}]: not finite, expected a pose", i));
  }
  const std::array<double, 9> intrinsics = Intrinsics(camera);
  for (int top = 0; top < camera.height; top += kMaxTile) {
    for (int left = 0; left < camera.width; left += kMaxTile) {
      View view;
      view.width = std::min(kMaxTile, camera.width - left);
      view.height = std::min(kMaxTile, camera.height - top);
      view.f = intrinsics[0];
      view.cx = intrinsics[2] - left;
      view.cy = intrinsics[5] - top;
      view.near_m = camera.near_m;
      view.far_m = camera.far_m;
      impl_->RenderTile(state, camera, view, left, top, out);
    }
  }
}

void Renderer::Impl::RenderTile(const SceneState& state, const Camera& camera, const View& view, int left,
                                int top, const ImageView& out) {
  const bool with_color = out.rgb != nullptr;
  visibility.Resize(view.width, view.height, true);
  visibility.Clear(static_cast<float>(1 / view.far_m));
  const Pose X_CW = Inverse(camera.X_WC);
  for (size_t i = 0; i < scene->instances.size(); ++i) {
    const PackedInstance& instance = scene->instances[i];
    const PackedMesh& mesh = scene->meshes[static_cast<size_t>(instance.mesh)];
    const Pose X_CV = X_CW * (state.X_WL[static_cast<size_t>(instance.frame)] * instance.X_LV);
    if (IsOutside(mesh, X_CV, view)) continue;
    Project(mesh, X_CV, view, projected);
    if (projected.common_code != 0) continue;
    DrawMesh({.mesh = mesh,
              .projected = projected,
              .X_CV = X_CV,
              .view = view,
              .first_id = static_cast<uint32_t>(i) << kTriangleBits},
             visibility);
  }

  if (with_color) {
    light.assign(static_cast<size_t>(view.width) * view.height, PixelLight{});
    for (auto& list : fragments) list.clear();
  }
  for (int y = 0; y < view.height; ++y) {
    for (int x = 0; x < view.width; ++x) {
      const size_t from = static_cast<size_t>(visibility.Index(x, y));
      const size_t to = static_cast<size_t>(top + y) * camera.width + left + x;
      const uint32_t id = visibility.id[from];
      const bool hit = id != kBackground;
      if (out.depth_m) out.depth_m[to] = hit ? 1 / visibility.depth[from] : static_cast<float>(camera.far_m);
      if (out.segmentation) out.segmentation[to] = hit ? scene->instances[id >> kTriangleBits].body : -1;
      if (with_color && hit) {
        fragments[id >> kTriangleBits].push_back({static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f,
                                                  1, static_cast<uint32_t>(y * view.width + x),
                                                  id & (kMaxTriangles - 1)});
      }
    }
  }
  if (!with_color) return;
  for (size_t i = 0; i < fragments.size(); ++i) {
    if (fragments[i].empty()) continue;
    const PackedInstance& instance = scene->instances[i];
    const Pose X_WV = state.X_WL[static_cast<size_t>(instance.frame)] * instance.X_LV;
    const ShadingContext context =
        MakeShadingContext(*scene, instance, IsLit(instance, state), X_WV, camera.X_WC, view,
                           options.lighting, options.filter_textures);
    ShadeFragments(context, options.lighting, fragments[i], light.data());
  }
  const Transform X_WC = ToTransform(camera.X_WC);
  const Lighting& l = options.lighting;
  for (int y = 0; y < view.height; ++y) {
    for (int x = 0; x < view.width; ++x) {
      const PixelLight& pixel = light[static_cast<size_t>(y) * view.width + x];
      float color[3] = {pixel.ambient[0] + pixel.key[0], pixel.ambient[1] + pixel.key[1],
                        pixel.ambient[2] + pixel.key[2]};
      if (visibility.id[static_cast<size_t>(visibility.Index(x, y))] == kBackground) {
        const float dx = (x + 0.5f - static_cast<float>(view.cx)) / static_cast<float>(view.f);
        const float dy = (y + 0.5f - static_cast<float>(view.cy)) / static_cast<float>(view.f);
        const float up = (X_WC.r[6] * dx + X_WC.r[7] * dy + X_WC.r[8]) / std::sqrt(dx * dx + dy * dy + 1);
        const float s = std::clamp(up * 2, 0.0f, 1.0f);
        color[0] = l.background_below.x + s * (l.background_above.x - l.background_below.x);
        color[1] = l.background_below.y + s * (l.background_above.y - l.background_below.y);
        color[2] = l.background_below.z + s * (l.background_above.z - l.background_below.z);
      }
      uint8_t* rgb = out.rgb + (static_cast<size_t>(top + y) * camera.width + left + x) * 3;
      for (int k = 0; k < 3; ++k) rgb[k] = ToByte(color[k]);
    }
  }
}

}  // namespace deerbench
