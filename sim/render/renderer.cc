#include "sim/render/renderer.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "fmt/format.h"
#include "sim/render/compose.h"
#include "sim/render/layer.h"
#include "sim/render/render_scene.h"
#include "sim/render/resolve.h"
#include "sim/render/shade.h"
#include "sim/render/shadow_map.h"
#include "sim/render/simd.h"

namespace deerbench {
namespace {

using namespace render;

bool IsFinite(const Pose& X) { return std::isfinite(X.p.x + X.p.y + X.p.z + X.q.x + X.q.y + X.q.z + X.q.w); }

bool IsLit(const PackedInstance& instance, const SceneState& state) {
  return (instance.light == LightSource::kLightbulb && state.lightbulb_on) ||
         (instance.light == LightSource::kLed && state.led_on);
}

bool SameView(const Camera& a, const Camera& b) {
  return a.width == b.width && a.height == b.height && a.fov_y_deg == b.fov_y_deg && a.near_m == b.near_m &&
         a.far_m == b.far_m && a.X_WC == b.X_WC;
}

// What a camera sees of the things that never move.
struct StaticPicture {
  bool has_samples = false;  // and flags
  bool has_light = false;    // complete, for every pixel
  Layer layer;
  std::vector<PixelLight> light;
};

// A camera seen before. Its pictures of static things are made when it is seen again.
struct KnownCamera {
  Camera camera;
  std::vector<StaticPicture> tiles;
};

}  // namespace

struct Renderer::Impl {
  std::shared_ptr<const RenderScene> scene;
  RenderOptions options;
  Pose X_WL;  // of the light

  // Of the state last drawn.
  std::vector<Pose> last_X_WL;    // link frames
  std::vector<Pose> X_WV;         // instances
  std::vector<Pose> static_X_WV;  // for which static shadows and known cameras hold
  ShadowMap static_shadows, moving_shadows;

  std::vector<KnownCamera> known_cameras;
  size_t next_known_camera = 0;
  StaticPicture passing;  // of a camera that is not known

  LayerPainter painter;
  Layer layer;
  FragmentLists static_fragments, moving_fragments;
  std::vector<PixelLight> moving_light;
  std::vector<uint8_t> takes_moving;

  void Update(const SceneState& state);
  void BuildShadows(int first, int last, ShadowMap& map);
  KnownCamera* Find(const Camera& camera);
  void PaintStatic(const Camera& camera, const View& view, bool with_samples, StaticPicture& picture);
  void RenderTile(const SceneState& state, const Camera& camera, const View& view, StaticPicture& picture,
                  bool is_known, const ImageView& out, int stride);
  void RenderColor(const SceneState& state, const Camera& camera, const View& view, StaticPicture& picture,
                   bool is_known, uint8_t* rgb, int stride);
  void Classify(const Camera& camera, const View& view, StaticPicture& picture, bool wants_static_light);
  void Shade(const SceneState& state, const Camera& camera, const View& view, const FragmentLists& fragments,
             bool with_moving_shadows, std::vector<PixelLight>& light);
};

Renderer::Renderer(std::shared_ptr<const RenderScene> scene, const RenderOptions& options)
    : impl_(std::make_unique<Impl>()) {
  options.Validate();
  impl_->scene = std::move(scene);
  impl_->options = options;
  impl_->X_WL = LightFrame(options.lighting.to_key_light);
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
  impl_->Update(state);

  const int columns = (camera.width + kMaxTile - 1) / kMaxTile,
            rows = (camera.height + kMaxTile - 1) / kMaxTile;
  KnownCamera* known = impl_->Find(camera);
  if (known != nullptr) known->tiles.resize(static_cast<size_t>(columns * rows));
  const std::array<double, 9> intrinsics = Intrinsics(camera);
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const int left = column * kMaxTile, top = row * kMaxTile;
      View view;
      view.width = std::min(kMaxTile, camera.width - left);
      view.height = std::min(kMaxTile, camera.height - top);
      view.f = intrinsics[0];
      view.cx = intrinsics[2] - left;
      view.cy = intrinsics[5] - top;
      view.near_m = camera.near_m;
      view.far_m = camera.far_m;
      const size_t offset =
          static_cast<size_t>(top) * static_cast<size_t>(camera.width) + static_cast<size_t>(left);
      const ImageView tile = {out.rgb ? out.rgb + 3 * offset : nullptr,
                              out.depth_m ? out.depth_m + offset : nullptr,
                              out.segmentation ? out.segmentation + offset : nullptr};
      StaticPicture& picture =
          known != nullptr ? known->tiles[static_cast<size_t>(row * columns + column)] : impl_->passing;
      impl_->RenderTile(state, camera, view, picture, known != nullptr, tile, camera.width);
    }
  }
}

void Renderer::Impl::Update(const SceneState& state) {
  if (state.X_WL == last_X_WL) return;
  last_X_WL = state.X_WL;
  X_WV.clear();
  for (const PackedInstance& instance : scene->instances)
    X_WV.push_back(state.X_WL[static_cast<size_t>(instance.frame)] * instance.X_LV);
  const auto num_static = static_cast<size_t>(scene->num_static);
  if (static_X_WV.size() != num_static || !std::equal(static_X_WV.begin(), static_X_WV.end(), X_WV.begin())) {
    static_X_WV.assign(X_WV.begin(), X_WV.begin() + scene->num_static);
    known_cameras.clear();
    if (options.shadows) BuildShadows(0, scene->num_static, static_shadows);
  }
  if (options.shadows)
    BuildShadows(scene->num_static, static_cast<int>(scene->instances.size()), moving_shadows);
}

void Renderer::Impl::BuildShadows(int first, int last, ShadowMap& map) {
  const Pose X_LW = Inverse(X_WL);
  std::vector<ShadowCaster> casters;
  for (int i = first; i < last; ++i) {
    const auto instance = static_cast<size_t>(i);
    casters.push_back({scene->instances[instance].mesh, X_LW * X_WV[instance]});
  }
  const Lighting& l = options.lighting;
  map.Build(*scene, casters,
            {.texel_m = l.shadow_texel_m,
             .filter = l.shadow_filter,
             .faces = l.shadow_from_back_faces ? Faces::kBack : Faces::kFront});
}

// A camera that is drawn from for the second time in a short while stays known.
KnownCamera* Renderer::Impl::Find(const Camera& camera) {
  for (KnownCamera& known : known_cameras) {
    if (SameView(known.camera, camera)) return &known;
  }
  constexpr size_t kMaxKnown = 4;
  if (known_cameras.size() < kMaxKnown) {
    known_cameras.push_back({camera, {}});
  } else {
    // Cameras that were seen only once make room first.
    size_t victim = next_known_camera;
    for (size_t i = 0; i < kMaxKnown; ++i) {
      const size_t candidate = (next_known_camera + i) % kMaxKnown;
      if (known_cameras[candidate].tiles.empty()) {
        victim = candidate;
        break;
      }
    }
    known_cameras[victim] = {camera, {}};
    next_known_camera = (victim + 1) % kMaxKnown;
  }
  return nullptr;
}

void Renderer::Impl::PaintStatic(const Camera& camera, const View& view, bool with_samples,
                                 StaticPicture& picture) {
  VisibilityBuffer& visibility = picture.layer.visibility;
  const auto far_depth = static_cast<float>(1 / view.far_m);
  visibility.Resize(view.width, view.height, true);
  visibility.Clear(far_depth);
  painter.PaintCentres(*scene, X_WV, Inverse(camera.X_WC), view, 0, scene->num_static, with_samples,
                       visibility);
  visibility.FillMargin();
  picture.has_samples = with_samples;
  picture.has_light = false;
  picture.layer.samples.clear();
  if (!with_samples) return;
  picture.layer.flags.Find(visibility, view);
  ClearSamples(picture.layer.flags.count(), far_depth, picture.layer.samples);
  painter.PaintSamples(*scene, view, picture.layer);
}

void Renderer::Impl::RenderTile(const SceneState& state, const Camera& camera, const View& view,
                                StaticPicture& picture, bool is_known, const ImageView& out, int stride) {
  const bool with_samples = out.rgb != nullptr && options.antialias;
  if (!is_known || picture.layer.visibility.width == 0 || (with_samples && !picture.has_samples))
    PaintStatic(camera, view, with_samples, picture);

  layer.visibility = picture.layer.visibility;
  painter.PaintCentres(*scene, X_WV, Inverse(camera.X_WC), view, scene->num_static,
                       static_cast<int>(scene->instances.size()), with_samples, layer.visibility);
  const VisibilityBuffer& v = layer.visibility;
  for (int y = 0; y < view.height; ++y) {
    for (int x = 0; x < view.width; ++x) {
      const auto from = static_cast<size_t>(v.Index(x, y)), to = static_cast<size_t>(y * stride + x);
      const bool hit = v.id[from] != kBackground;
      if (out.depth_m) out.depth_m[to] = hit ? 1 / v.depth[from] : static_cast<float>(view.far_m);
      if (out.segmentation)
        out.segmentation[to] = hit ? scene->instances[v.id[from] >> kTriangleBits].body : -1;
    }
  }
  if (out.rgb) RenderColor(state, camera, view, picture, is_known, out.rgb, stride);
}

void Renderer::Impl::RenderColor(const SceneState& state, const Camera& camera, const View& view,
                                 StaticPicture& picture, bool is_known, uint8_t* rgb, int stride) {
  layer.visibility.FillMargin();
  layer.samples.clear();
  if (options.antialias) {
    layer.flags.Find(layer.visibility, view);
    CopySamples(picture.layer.visibility, picture.layer.flags, picture.layer.samples, layer.flags,
                layer.samples);
    painter.PaintSamples(*scene, view, layer);
  }

  const auto pixels = static_cast<size_t>(view.width * view.height);
  picture.light.resize(pixels);
  moving_light.resize(pixels);
  static_fragments.Clear(scene->instances.size());
  moving_fragments.Clear(scene->instances.size());
  const Background background(options.lighting, camera.X_WC, view);
  if (is_known && !picture.has_light) {
    for (int y = 0; y < view.height; ++y) {
      for (int x = 0; x < view.width; ++x)
        ResolvePixel(*scene, picture.layer, x, y, background, static_fragments, picture.light.data());
    }
    Shade(state, camera, view, static_fragments, false, picture.light);
    picture.has_light = true;
  }
  Classify(camera, view, picture, !picture.has_light);
  if (!picture.has_light) Shade(state, camera, view, static_fragments, false, picture.light);
  Shade(state, camera, view, moving_fragments, true, moving_light);

  const Lighting& l = options.lighting;
  Compose({.visibility = layer.visibility,
           .view = view,
           .takes_moving = takes_moving,
           .static_lights = picture.light.data(),
           .moving_lights = moving_light.data(),
           .moving_shadows = options.shadows ? &moving_shadows : nullptr,
           .X_LC = ToTransform(Inverse(X_WL) * camera.X_WC),
           .shadow_bias_m = l.shadow_bias_m,
           .occlusion = options.ambient_occlusion ? l.occlusion : 0,
           .occlusion_radius_m = static_cast<float>(l.occlusion_radius_m)},
          rgb, static_cast<size_t>(stride) * 3);
}

// Pixels in which a moving thing has a share are shaded as a whole; the others show the static picture.
void Renderer::Impl::Classify(const Camera& camera, const View& view, StaticPicture& picture,
                              bool wants_static_light) {
  const uint32_t first_moving = static_cast<uint32_t>(scene->num_static) << kTriangleBits;
  const int groups = (view.width + kLanes - 1) / kLanes;
  const Background background(options.lighting, camera.X_WC, view);
  takes_moving.assign(static_cast<size_t>(groups * view.height), 0);
  const auto is_moving = [&](U8 id) { return SignMask((id >= first_moving) & (id != kBackground)); };
  for (int y = 0; y < view.height; ++y) {
    for (int gx = 0; gx < groups; ++gx) {
      const int x0 = gx * kLanes;
      uint32_t bits =
          is_moving(Load(&layer.visibility.id[static_cast<size_t>(layer.visibility.Index(x0, y))]));
      if (options.antialias) {
        int rank = layer.flags.group(gx, y) != 0 ? layer.flags.Rank(x0, y) : 0;
        for (uint32_t left = layer.flags.group(gx, y); left != 0; left &= left - 1, ++rank) {
          const bool any = is_moving(Load(layer.samples[static_cast<size_t>(rank)].id)) != 0;
          const uint32_t bit = left & -left;
          bits = any ? bits | bit : bits & ~bit;
        }
      }
      if (view.width - x0 < kLanes) bits &= (1u << (view.width - x0)) - 1;
      takes_moving[static_cast<size_t>(y * groups + gx)] = static_cast<uint8_t>(bits);
      for (uint32_t left = bits; left != 0; left &= left - 1)
        ResolvePixel(*scene, layer, x0 + std::countr_zero(left), y, background, moving_fragments,
                     moving_light.data());
      if (!wants_static_light) continue;
      const uint32_t real = view.width - x0 < kLanes ? (1u << (view.width - x0)) - 1 : 0xffu;
      for (uint32_t left = ~bits & real; left != 0; left &= left - 1)
        ResolvePixel(*scene, picture.layer, x0 + std::countr_zero(left), y, background, static_fragments,
                     picture.light.data());
    }
  }
}

void Renderer::Impl::Shade(const SceneState& state, const Camera& camera, const View& view,
                           const FragmentLists& fragments, bool with_moving_shadows,
                           std::vector<PixelLight>& light) {
  Shadows shadows;
  if (options.shadows) shadows.of_static = &static_shadows;
  if (options.shadows && with_moving_shadows) shadows.of_moving = &moving_shadows;
  for (size_t i = 0; i < scene->instances.size(); ++i) {
    if (fragments.of(i).empty()) continue;
    const PackedInstance& instance = scene->instances[i];
    const ShadingContext context =
        MakeShadingContext(*scene, instance, IsLit(instance, state), X_WV[i], camera.X_WC, X_WL, view,
                           options.lighting, options.filter_textures);
    ShadeFragments(context, options.lighting, shadows, fragments.of(i), light.data());
  }
}

}  // namespace deerbench
