// Recordings of calvin_env that the parity tests of this folder read.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/tasks/scene_info.h"
#include "sim/tasks/symbolic_state.h"

namespace deerbench {

// Files in DEERBENCH_CALVIN_DATA whose names begin with `prefix` and end in .json, sorted. Empty, after
// printing why, where the variable is not set.
std::vector<std::filesystem::path> Recordings(const std::string& prefix);

nlohmann::json ReadJson(const std::filesystem::path& file);

// From calvin_env's get_info(), contacts as PyBullet's 14-tuples.
SceneInfo ToSceneInfo(const nlohmann::json& info);

// From CALVIN's dictionary of an initial condition.
SymbolicState ToSymbolicState(const nlohmann::json& condition);

}  // namespace deerbench
