// The scripted expert doing a whole task.
#pragma once

#include <string>

#include "sim/physics/world.h"
#include "sim/tasks/task.h"

namespace deerbench {

// Does `task` from where the world stands. Returns nothing, or in plain words why it could not.
std::string RunExpert(World& world, std::shared_ptr<const SceneModel> model, TaskId task, uint64_t seed);

}  // namespace deerbench
