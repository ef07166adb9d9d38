#include "sim/tasks/starts.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "sim/tasks/feasibility.h"

namespace deerbench {
namespace {

// Every longer start made of `starts` and one task more that can be done there.
std::vector<TaskStart> Extended(const std::vector<TaskStart>& starts) {
  std::vector<TaskStart> extended;
  for (const TaskStart& start : starts) {
    std::vector<TaskId> tasks = start.before;
    tasks.push_back(0);
    for (TaskId next = 0; next < kTaskCount; ++next) {
      tasks.back() = next;
      if (Feasible(start.state, tasks)) extended.push_back({start.state, tasks});
    }
  }
  return extended;
}

std::vector<TaskStart> Fitting(const std::vector<TaskStart>& starts, TaskId task) {
  std::vector<TaskStart> fitting;
  for (const TaskStart& start : starts) {
    std::vector<TaskId> tasks = start.before;
    tasks.push_back(task);
    if (Feasible(start.state, tasks)) fitting.push_back(start);
  }
  return fitting;
}

}  // namespace

std::vector<TaskStart> ShortestStarts(TaskId task) {
  if (task < 0 || task >= kTaskCount)
    Fail(fmt::format("task: {} is no task, expected 0 to {}", task, kTaskCount - 1));
  std::vector<TaskStart> starts;
  for (const SymbolicState& state : InitialConditions()) starts.push_back({state, {}});
  while (true) {
    std::vector<TaskStart> fitting = Fitting(starts, task);
    if (!fitting.empty()) return fitting;
    starts = Extended(starts);
  }
}

}  // namespace deerbench
