// Judges tasks from two moments of a world by CALVIN's rules (calvin_env/envs/tasks.py).
#pragma once

#include <vector>

#include "sim/tasks/task.h"

namespace deerbench {

// True if what changed between `start` and `end` fulfils the task.
bool Completed(TaskId task, const SceneInfo& start, const SceneInfo& end);

// Every task that the change fulfils, ascending.
std::vector<TaskId> CompletedTasks(const SceneInfo& start, const SceneInfo& end);

}  // namespace deerbench
