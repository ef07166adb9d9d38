#include "sim/env/start.h"

#include <algorithm>

namespace deerbench {
namespace {

// Blocks rest a millimetre higher on the shelf than on the table.
constexpr double kShelfRest_m = 0.460990009, kTableRest_m = 0.459990009;

double UpperLimit(const BodyDescription& body, int link) { return body.links[link + 1].joint.upper; }

Vec3 Centre(const SurfaceBox& box) { return {0.5 * (box.min.x + box.max.x), 0.0924044687, kShelfRest_m}; }

}  // namespace

SurfaceLayout LayoutOf(const SceneModel& model) {
  const SceneDescription& scene = model.description();
  SurfaceLayout layout;
  for (size_t color = 0; color < 3; ++color) {
    layout.block_slot[color] =
        static_cast<int>(std::count_if(scene.block_bodies.begin(), scene.block_bodies.end(),
                                       [&](int uid) { return uid < scene.block_bodies[color]; }));
  }
  if (scene.name == "D") return layout;
  layout.slider_left = Centre(scene.surfaces.slider_left);
  layout.slider_right = Centre(scene.surfaces.slider_right);
  // Scene D's two places lie 0.18 m apart; so they do here, about the middle of the table's free part.
  const double middle = 0.5 * (scene.surfaces.table.min.x + scene.surfaces.table.max.x);
  layout.table = {Vec3{middle - 0.09, -0.12, kTableRest_m}, Vec3{middle + 0.09, -0.12, kTableRest_m}};
  const BodyDescription& table = scene.bodies[scene.table.body];
  layout.slide_left_m = UpperLimit(table, scene.table.slide_link);
  layout.drawer_open_m = UpperLimit(table, scene.table.drawer_link);
  layout.switch_on_m = UpperLimit(table, scene.table.switch_link);
  return layout;
}

InitialState StartOf(const SceneModel& model, const SymbolicState& state) {
  return InitialStateFor(state, LayoutOf(model));
}

}  // namespace deerbench
