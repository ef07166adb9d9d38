#include "sim/env/tabletop_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "sim/render/render_scene.h"

namespace deerbench {
namespace {

// The picture of `row`; planes that nobody asked for stay null.
ImageView RowOf(const Camera& camera, int row, uint8_t* rgb, float* depth_m) {
  const size_t first = static_cast<size_t>(row) * static_cast<size_t>(camera.width * camera.height);
  return {.rgb = rgb ? rgb + 3 * first : nullptr, .depth_m = depth_m ? depth_m + first : nullptr};
}

}  // namespace

TabletopBatch::TabletopBatch(TabletopScene scene, const TabletopBatchOptions& options)
    : scene_(std::move(scene)), pool_(options.threads == 0 ? UsableCores() : options.threads) {
  constexpr int kMax = 65536;
  if (options.size < 1 || options.size > kMax)
    Fail(fmt::format("number of worlds is {}, expected 1 to {}", options.size, kMax));
  for (int i = 0; i < options.size; ++i) worlds_.push_back(std::make_unique<World>(scene_.model));
  for (int i = 0; i < pool_.size(); ++i)
    renderers_.emplace_back(scene_.render, options.render.value_or(OptionsOf(scene_.render->look)));
}

void TabletopBatch::ResetFresh(int row, const InitialState& state) {
  auto fresh = std::make_unique<World>(scene_.model);
  fresh->Reset(state.robot_obs, state.scene_obs);
  worlds_[static_cast<size_t>(row)] = std::move(fresh);
}

void TabletopBatch::ForEach(std::span<const int> rows, const std::function<bool(int row)>& work,
                            const BatchView& out) {
  pool_.Run(static_cast<int>(rows.size()), [&](int job, int thread) {
    const int row = rows[static_cast<size_t>(job)];
    if (work(row)) Observe(row, renderers_[static_cast<size_t>(thread)], out);
  });
}

void TabletopBatch::Observe(int row, Renderer& renderer, const BatchView& out) const {
  const World& world = *worlds_[static_cast<size_t>(row)];
  const bool fixed = out.rgb_static || out.depth_static, moving = out.rgb_gripper || out.depth_gripper;
  if (fixed || moving) {
    const SceneState state = world.scene_state();
    if (fixed) {
      const Camera camera = scene_.model->static_camera();
      renderer.Render(state, camera, RowOf(camera, row, out.rgb_static, out.depth_static));
    }
    if (moving) {
      const Camera camera = scene_.model->gripper_camera(world.X_WGripperCamera());
      renderer.Render(state, camera, RowOf(camera, row, out.rgb_gripper, out.depth_gripper));
    }
  }
  const auto copy = [row](const auto& values, double* rows_out) {
    if (rows_out) std::ranges::copy(values, rows_out + static_cast<size_t>(row) * values.size());
  };
  copy(world.robot_obs(), out.robot_obs);
  copy(world.scene_obs(), out.scene_obs);
}

}  // namespace deerbench
