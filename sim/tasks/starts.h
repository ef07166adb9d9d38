// Where a single task can begin: the initial conditions in which it makes sense, and what must be done
// before.
#pragma once

#include <vector>

#include "sim/tasks/symbolic_state.h"
#include "sim/tasks/task.h"

namespace deerbench {

struct TaskStart {
  SymbolicState state;
  std::vector<TaskId> before;  // tasks that lead from `state` to where the task can be done
};

// Every start of `task` that needs the fewest tasks before it, in a fixed order; never empty. Most tasks need
// none; placing needs a lift, unstacking a lift and a stack, lifting from the drawer something put in there.
// Throws Error for a task that is none.
std::vector<TaskStart> ShortestStarts(TaskId task);

// Every start of `task` with at most two tasks before it, neither of which could be left out, in a fixed
// order: also the longer ways, such as lifting a block and placing it in the drawer instead of pushing it in.
std::vector<TaskStart> IrreducibleStarts(TaskId task);

}  // namespace deerbench
