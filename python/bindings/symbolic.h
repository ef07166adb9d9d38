// CALVIN's words for symbolic states and chains, as Python dictionaries.
#pragma once

#include <pybind11/pybind11.h>

#include "sim/tasks/chains.h"

namespace deerbench {

// {"led": 0, "lightbulb": 1, "slider": "left", "drawer": "open", "red_block": "table", "blue_block":
// "slider_left", "pink_block": "slider_right", "grasped": 0}
pybind11::dict ToDict(const SymbolicState& state);

// Reads such a dictionary, whatever the order of its keys. Throws Error naming key, value and what was
// expected.
SymbolicState SymbolicStateFromDict(const pybind11::dict& dict);

// {"state": {...}, "tasks": [5 names]}
pybind11::dict ToDict(const Chain& chain);
Chain ChainFromDict(const pybind11::dict& dict);

// (robot_obs (15,), scene_obs (24,))
pybind11::tuple ToTuple(const InitialState& state);

}  // namespace deerbench
