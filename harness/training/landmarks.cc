#include "harness/training/landmarks.h"

#include "sim/render/camera.h"
#include "sim/scene/forward_kinematics.h"

namespace deerbench {
namespace {

// In the frames of their links, m; our own scenes and CALVIN's have them in the same places.
constexpr Vec3 kButtonTop = {0, 0, 0}, kSwitchBar = {0, 0.054, -0.008};
constexpr Vec3 kSliderHandle = {0.14, 0, 0.07}, kDrawerHandle = {0, 0.052, 0.24};

}  // namespace

std::array<Vec3, kLandmarks> LandmarksOf(const SceneModel& model, const WorldState& state) {
  const SceneDescription& scene = model.description();
  const SceneState links = MakeSceneState(model, state);
  const auto at = [&](int link, const Vec3& p) {
    return links.X_WL[FrameIndex(scene, scene.table.body, link)] * p;
  };
  const WorldStateFields fields = Unpack(state);
  return {at(scene.table.button_link, kButtonTop),
          at(scene.table.switch_link, kSwitchBar),
          at(scene.table.slide_link, kSliderHandle),
          at(scene.table.drawer_link, kDrawerHandle),
          fields.blocks[0].position,
          fields.blocks[1].position,
          fields.blocks[2].position};
}

MapPlace PlaceOnMap(const Camera& camera, int grid, const Vec3& p_W) {
  const Vec3 p = Inverse(camera.X_WC) * p_W;
  if (p.z < camera.near_m) return {};
  const auto k = Intrinsics(camera);
  const double u = k[0] * p.x / p.z + k[2], v = k[4] * p.y / p.z + k[5];
  // Pictures are halved first; a cell's middle is the first pixel of its own after that.
  const double pixels = static_cast<double>(camera.width) / grid;
  MapPlace place{.column = static_cast<float>((u - 1) / pixels), .row = static_cast<float>((v - 1) / pixels)};
  const auto within = [&](float x) { return x >= 0 && x <= static_cast<float>(grid - 1); };
  place.seen = within(place.column) && within(place.row) ? 1 : 0;
  return place;
}

}  // namespace deerbench
