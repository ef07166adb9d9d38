// Reads a scene: its YAML file, the URDFs it names, their meshes and textures.
#pragma once

#include <string>

#include "sim/scene/description.h"

namespace deerbench {

// Our own scene `letter` ("A".."D") from `scenes_dir`/scene_<letter>.yaml or, with a non-empty `assets_dir`,
// CALVIN's scene of that letter from CALVIN's `data` folder as described by
// `scenes_dir`/calvin/scene_<letter>.yaml. Throws Error naming file, element, value and what was expected.
SceneDescription LoadSceneDescription(const std::string& letter, const std::string& scenes_dir,
                                      const std::string& assets_dir = "");

}  // namespace deerbench
