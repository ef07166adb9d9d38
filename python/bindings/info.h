// CALVIN's `info` dictionary to and from SceneInfo.
#pragma once

#include <pybind11/pybind11.h>

#include "sim/tasks/scene_info.h"

namespace deerbench {

// The dictionary of calvin_env's get_info(): {"robot_info": {...}, "scene_info": {...}} with its keys. Blocks
// come in load order. Contacts are the first five fields of PyBullet's tuples: (flag, body A, body B, link A,
// link B), where A is the body in whose list the contact stands.
pybind11::dict ToDict(const SceneInfo& info);

// Reads such a dictionary, ours or one recorded from calvin_env (whose contact tuples are longer). Throws
// Error naming the key that is missing or wrong.
SceneInfo SceneInfoFromDict(const pybind11::dict& dict);

}  // namespace deerbench
