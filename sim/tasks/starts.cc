#include "sim/tasks/starts.h"

#include <fmt/format.h>

#include <array>
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

std::vector<TaskStart> EmptyStarts(TaskId task) {
  if (task < 0 || task >= kTaskCount)
    Fail(fmt::format("task: {} is no task, expected 0 to {}", task, kTaskCount - 1));
  std::vector<TaskStart> starts;
  for (const SymbolicState& state : InitialConditions()) starts.push_back({state, {}});
  return starts;
}

// Can the task be done with fewer of the (at most two) tasks before it?
bool Reducible(const TaskStart& start, TaskId task) {
  const SymbolicState& state = start.state;
  if (start.before.empty()) return false;
  if (Feasible(state, std::array{task})) return true;
  if (start.before.size() == 1) return false;
  return Feasible(state, std::array{start.before[0], task}) ||
         Feasible(state, std::array{start.before[1], task});
}

// Those of `starts` at whose end the task can be done.
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
  std::vector<TaskStart> starts = EmptyStarts(task);
  while (true) {
    std::vector<TaskStart> fitting = Fitting(starts, task);
    if (!fitting.empty()) return fitting;
    starts = Extended(starts);
  }
}

std::vector<TaskStart> IrreducibleStarts(TaskId task) {
  std::vector<TaskStart> starts = EmptyStarts(task);
  std::vector<TaskStart> found;
  for (int before = 0; before <= 2; ++before) {
    for (TaskStart& start : Fitting(starts, task)) {
      if (!Reducible(start, task)) found.push_back(std::move(start));
    }
    if (before < 2) starts = Extended(starts);
  }
  return found;
}

}  // namespace deerbench
