// Which task sequences make sense from a symbolic state, by the rules of CALVIN's chain generator.
// Source: calvin_models/calvin_agent/evaluation/multistep_sequences.py.
#pragma once

#include <span>

#include "sim/tasks/symbolic_state.h"
#include "sim/tasks/task.h"

namespace deerbench {

// True if the tasks can be done one after the other from `state`, each in exactly one way, and no two of them
// share a category (rotating and pushing are one category, so are all lights, both placings, ...).
bool Feasible(const SymbolicState& state, std::span<const TaskId> tasks);

}  // namespace deerbench
