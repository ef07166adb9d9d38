// Runs the expert on single tasks, without cameras.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sim/expert/expert.h"
#include "sim/physics/world.h"
#include "sim/tasks/oracle.h"
#include "sim/tasks/starts.h"

namespace deerbench::test {

struct Trial {
  bool began = false;  // the tasks before it succeeded
  bool succeeded = false;
  int steps = 0;
  std::string problem = {};  // the expert's own words, if it gave up
};

using StepWatcher = std::function<void(const World&, const RelativeAction&, int step)>;

// One subtask in the world as it is: at most 360 steps, judged after each.
Trial RunTask(World& world, Expert& expert, TaskId task, uint64_t seed, const StepWatcher& watch = {});

// A task from one of its starts, in a fresh world.
Trial RunFromStart(const std::shared_ptr<const SceneModel>& model, const TaskStart& start, TaskId task,
                   uint64_t seed, const StepWatcher& watch = {});

}  // namespace deerbench::test
