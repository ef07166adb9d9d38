// The immutable half of the simulator: what is loaded once and shared by every world and thread.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "base/geometry.h"
#include "sim/render/camera.h"
#include "sim/scene/description.h"
#include "sim/scene/visual_model.h"

namespace deerbench {

class SceneModel {
 public:
  virtual ~SceneModel() = default;

  virtual const SceneDescription& description() const = 0;
  virtual const std::string& name() const = 0;  // "A" .. "D"
  virtual std::shared_ptr<const VisualModel> visual_model() const = 0;
  virtual const SceneSurfaces& surfaces() const = 0;
  virtual Camera static_camera() const = 0;  // 200 x 200, fixed in the world
  virtual Camera gripper_camera(
      const Pose& X_WGripperCamera) const = 0;  // 84 x 84, at World::X_WGripperCamera()
};

// Loads one of our own scenes from `scenes_dir`, or, with a non-empty `assets_dir`, CALVIN's scene of that
// letter from CALVIN's `data` folder. Throws Error for an unknown scene letter or a broken file, naming file
// and element.
std::shared_ptr<const SceneModel> LoadScene(const std::string& letter, const std::string& scenes_dir,
                                            const std::string& assets_dir = "");

}  // namespace deerbench
