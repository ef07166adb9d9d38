// A world with its two cameras: what the harness steps and the Python environments wrap.
#pragma once

#include <memory>
#include <optional>

#include "sim/env/observation.h"
#include "sim/physics/world.h"
#include "sim/render/renderer.h"

namespace deerbench {

struct TabletopOptions {
  bool depth = false;
  std::optional<RenderOptions> render;  // the scene's own look if not given
};

// Loaded once, shared by every Tabletop of the same scene.
struct TabletopScene {
  std::shared_ptr<const SceneModel> model;
  std::shared_ptr<const RenderScene> render;
};
TabletopScene LoadTabletopScene(const std::string& letter, const std::string& scenes_dir,
                                const std::string& assets_dir = "");

class Tabletop {
 public:
  Tabletop(TabletopScene scene, const TabletopOptions& options = {});

  // Replaces the world by a fresh one in the given state.
  void ResetFresh(const InitialState& state);

  World& world() { return *world_; }
  const World& world() const { return *world_; }
  const TabletopScene& scene() const { return scene_; }

  // Draws both cameras and reads the state into `out`, reusing its buffers.
  void Observe(Observation& out) { Observe(out, scene_.model->static_camera()); }
  // Likewise with another camera, of the same size, for the static one.
  void Observe(Observation& out, const Camera& static_camera);

  // Draws one camera of the caller's choice.
  void Render(const Camera& camera, const ImageView& out) {
    renderer_.Render(world_->scene_state(), camera, out);
  }

 private:
  TabletopScene scene_;
  TabletopOptions options_;
  std::unique_ptr<World> world_;
  Renderer renderer_;
};

}  // namespace deerbench
