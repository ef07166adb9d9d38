#include "sim/render/renderer.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "fmt/format.h"
#include "sim/render/render_scene.h"
#include "sim/render/shadow_map.h"
#include "sim/render/tile_painter.h"
#include "sim/render/view.h"

namespace deerbench {
namespace {

using namespace render;

bool IsFinite(const Pose& X) { return std::isfinite(X.p.x + X.p.y + X.p.z + X.q.x + X.q.y + X.q.z + X.q.w); }

bool SameView(const Camera& a, const Camera& b) {
  return a.width == b.width && a.height == b.height && a.fov_y_deg == b.fov_y_deg && a.near_m == b.near_m &&
         a.far_m == b.far_m && a.X_WC == b.X_WC;
}

// A camera seen before. Its pictures of static things are kept from the second time on.
struct KnownCamera {
  Camera camera;
  std::vector<StaticPicture> tiles;
};

}  // namespace

struct Renderer::Impl {
  std::shared_ptr<const RenderScene> scene;
  RenderOptions options;
  Pose X_WL;  // the key light

  std::vector<Pose> last_link_poses;  // of the state last drawn; all below belongs to it
  std::vector<Pose> X_WV;             // by instance
  std::vector<Pose> static_X_WV;      // of those that never move
  ShadowMap static_shadows, moving_shadows;

  std::vector<KnownCamera> known_cameras;
  size_t next_victim = 0;
  StaticPicture passing;  // of a camera that is not known
  TilePainter painter;

  void Update(const SceneState& state);
  void BuildShadows(int first, int last, ShadowMap& map);
  KnownCamera* Find(const Camera& camera);
};

Renderer::Renderer(std::shared_ptr<const RenderScene> scene) : Renderer(scene, OptionsOf(scene->look)) {}

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

  const RenderOptions& options = impl_->options;
  const Frame frame = {.scene = *impl_->scene,
                       .options = options,
                       .X_WV = impl_->X_WV,
                       .lightbulb_on = state.lightbulb_on,
                       .led_on = state.led_on,
                       .X_WL = impl_->X_WL,
                       .static_shadows = options.shadows ? &impl_->static_shadows : nullptr,
                       .moving_shadows = options.shadows ? &impl_->moving_shadows : nullptr};
  const auto width = static_cast<size_t>(camera.width);
  const int columns = (camera.width + kMaxTile - 1) / kMaxTile,
            rows = (camera.height + kMaxTile - 1) / kMaxTile;
  KnownCamera* known = impl_->Find(camera);
  if (known != nullptr) known->tiles.resize(static_cast<size_t>(columns * rows));
  const std::array<double, 9> intrinsics = Intrinsics(camera);
  for (int i = 0; i < rows * columns; ++i) {
    const int left = i % columns * kMaxTile, top = i / columns * kMaxTile;
    View view;
    view.width = std::min(kMaxTile, camera.width - left);
    view.height = std::min(kMaxTile, camera.height - top);
    view.f = intrinsics[0];
    view.cx = intrinsics[2] - left;
    view.cy = intrinsics[5] - top;
    view.near_m = camera.near_m;
    view.far_m = camera.far_m;
    const size_t offset = static_cast<size_t>(top) * width + static_cast<size_t>(left);
    const ImageView tile = {out.rgb ? out.rgb + 3 * offset : nullptr,
                            out.depth_m ? out.depth_m + offset : nullptr,
                            out.segmentation ? out.segmentation + offset : nullptr};
    impl_->passing.is_drawn = false;
    StaticPicture& picture = known != nullptr ? known->tiles[static_cast<size_t>(i)] : impl_->passing;
    impl_->painter.Paint(frame, camera.X_WC, view, picture, known != nullptr, tile, camera.width);
  }
}

void Renderer::Impl::Update(const SceneState& state) {
  if (state.X_WL == last_link_poses) return;
  last_link_poses = state.X_WL;
  X_WV.clear();
  for (const PackedInstance& instance : scene->instances)
    X_WV.push_back(state.X_WL[static_cast<size_t>(instance.frame)] * instance.X_LV);
  const auto num_static = static_cast<size_t>(scene->num_static);
  const bool first_time = known_cameras.empty();
  if (first_time || !std::equal(static_X_WV.begin(), static_X_WV.end(), X_WV.begin())) {
    static_X_WV.assign(X_WV.begin(), X_WV.begin() + static_cast<std::ptrdiff_t>(num_static));
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
    const auto mesh = static_cast<size_t>(scene->instances[instance].mesh);
    casters.push_back({scene->caster_of_mesh[mesh], X_LW * X_WV[instance]});
  }
  const Lighting& l = options.lighting;
  map.Build(*scene, casters,
            {.texel_m = l.shadow_texel_m,
             .filter = l.shadow_filter,
             .faces = l.shadow_from_back_faces ? Faces::kBack : Faces::kFront});
}

// A camera that is drawn from again soon becomes known.
KnownCamera* Renderer::Impl::Find(const Camera& camera) {
  for (KnownCamera& known : known_cameras) {
    if (SameView(known.camera, camera)) return &known;
  }
  constexpr size_t kMaxKnown = 4;
  if (known_cameras.size() < kMaxKnown) {
    known_cameras.push_back({camera, {}});
    return nullptr;
  }
  // Cameras that were seen only once make room first.
  size_t victim = next_victim;
  for (size_t i = 0; i < kMaxKnown; ++i) {
    const size_t candidate = (next_victim + i) % kMaxKnown;
    if (!known_cameras[candidate].tiles.empty()) continue;
    victim = candidate;
    break;
  }
  known_cameras[victim] = {camera, {}};
  next_victim = (victim + 1) % kMaxKnown;
  return nullptr;
}

}  // namespace deerbench
