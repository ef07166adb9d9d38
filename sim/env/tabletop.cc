#include "sim/env/tabletop.h"

#include <utility>

#include "sim/render/render_scene.h"

namespace deerbench {

TabletopScene LoadTabletopScene(const std::string& letter, const std::string& scenes_dir,
                                const std::string& assets_dir) {
  TabletopScene scene;
  scene.model = LoadScene(letter, scenes_dir, assets_dir);
  scene.render = MakeRenderScene(scene.model->visual_model());
  return scene;
}

Tabletop::Tabletop(TabletopScene scene, const TabletopOptions& options)
    : scene_(std::move(scene)),
      options_(options),
      world_(std::make_unique<World>(scene_.model)),
      renderer_(scene_.render, options.render.value_or(OptionsOf(scene_.render->look))) {}

void Tabletop::ResetFresh(const InitialState& state) {
  world_ = std::make_unique<World>(scene_.model);
  world_->Reset(state.robot_obs, state.scene_obs);
}

void Tabletop::Observe(Observation& out, const Camera& static_camera) {
  const SceneState state = world_->scene_state();
  const auto draw = [&](const Camera& camera, int& size, std::vector<uint8_t>& rgb,
                        std::vector<float>& depth) {
    const size_t pixels = static_cast<size_t>(camera.width) * camera.height;
    size = camera.width;
    rgb.resize(pixels * 3);
    depth.resize(options_.depth ? pixels : 0);
    renderer_.Render(state, camera, {.rgb = rgb.data(), .depth_m = options_.depth ? depth.data() : nullptr});
  };
  draw(static_camera, out.static_size, out.rgb_static, out.depth_static);
  draw(scene_.model->gripper_camera(world_->X_WGripperCamera()), out.gripper_size, out.rgb_gripper,
       out.depth_gripper);
  out.robot_obs = world_->robot_obs();
  out.scene_obs = world_->scene_obs();
}

}  // namespace deerbench
