// CALVIN's own pictures: the state in which one was taken, its cameras and its planes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sim/render/camera.h"
#include "sim/scene/description.h"
#include "sim/scene/scene_state.h"
#include "tests/render/test_scene.h"

namespace deerbench::test {

struct RecordedRender {
  std::string name;   // of the file, without its ending
  std::string scene;  // "A".."D"
  SceneState state;
  Camera cameras[2];  // static, gripper
  Picture pictures[2];
};

inline constexpr const char* kCameraNames[2] = {"static", "gripper"};

// Files render_*_<kind>.npz of a folder, sorted; `kind` is "egl" or "tiny".
std::vector<std::filesystem::path> RecordedRenders(const std::filesystem::path& folder,
                                                   const std::string& kind);

// The letter of the recording's scene.
std::string SceneOfRecording(const std::filesystem::path& npz);

// `scene` is the recording's, loaded from CALVIN's assets.
RecordedRender ReadRecordedRender(const std::filesystem::path& npz, const SceneDescription& scene);

}  // namespace deerbench::test
