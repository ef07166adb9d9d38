// Where links are, from joint positions: enough to draw or place a described scene without physics.
#pragma once

#include <span>
#include <vector>

#include "sim/scene/description.h"
#include "sim/scene/scene_state.h"

namespace deerbench {

// Poses of all link frames in W, base first. `joint_positions` has one entry a link other than the base, in
// PyBullet's numbering (rad or m; those of fixed joints are not read). Throws Error if their number is
// another.
std::vector<Pose> ForwardKinematics(const BodyDescription& body, const Pose& X_WB,
                                    std::span<const double> joint_positions);

// Number of frames of the bodies before `body`, and of all bodies if `body` is their number: the index in
// SceneState::X_WL of that body's base.
int FirstFrame(const SceneDescription& scene, int body);

// Index in SceneState::X_WL of a link (-1: the base).
inline int FrameIndex(const SceneDescription& scene, int body, int link) {
  return FirstFrame(scene, body) + link + 1;
}

// Index of the link of this name in PyBullet's numbering; -1 is the base. Throws Error if there is none.
int LinkIndex(const BodyDescription& body, const std::string& link_name);

// The scene as loaded: robot in its initial position with an open gripper, all other joints at zero, lights
// off.
SceneState SceneStateAsLoaded(const SceneDescription& scene);

}  // namespace deerbench
