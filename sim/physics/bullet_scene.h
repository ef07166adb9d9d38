// The Bullet side of a scene: what all its worlds share.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/physics/arm_ik.h"
#include "sim/physics/body_blueprint.h"
#include "sim/physics/scene_model.h"

namespace deerbench {

class BulletWorld;

class BulletScene final : public SceneModel {
 public:
  explicit BulletScene(SceneDescription description);

  // The scene behind a model that LoadScene made. Throws Error for any other.
  static const BulletScene& Of(const SceneModel& model);

  const SceneDescription& description() const override { return *description_; }
  const std::string& name() const override { return description_->name; }
  std::shared_ptr<const VisualModel> visual_model() const override {
    return {description_, &description_->visual};
  }
  const SceneSurfaces& surfaces() const override { return description_->surfaces; }
  Camera static_camera() const override;
  Camera gripper_camera(const Pose& X_WGripperCamera) const override;

  const std::vector<BodyBlueprint>& bodies() const { return bodies_; }
  const BodyBlueprint& body(int i) const { return bodies_[static_cast<size_t>(i)]; }
  // A world with all bodies in it, as it is right after CALVIN has loaded the scene: robot in its initial
  // position, its motors not yet set; table held by its brakes.
  std::unique_ptr<BulletWorld> MakeWorld() const;

  const ArmIk& arm_ik() const { return arm_ik_; }
  // Which block (by BlockColor) has the first, second, third place in SceneObs: CALVIN's order of loading.
  size_t slot_color(size_t slot) const { return slot_colors_[slot]; }
  // Tells scenes apart that differ in anything a contact cache depends on.
  uint64_t fingerprint() const { return fingerprint_; }

 private:
  std::shared_ptr<const SceneDescription> description_;
  std::vector<BodyBlueprint> bodies_;
  ArmIk arm_ik_;
  std::array<size_t, 3> slot_colors_;
  uint64_t fingerprint_;
};

}  // namespace deerbench
