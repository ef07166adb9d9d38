#include <fmt/format.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "python/bindings/arrays.h"
#include "python/bindings/bindings.h"
#include "python/bindings/symbolic.h"
#include "sim/tasks/chains.h"
#include "sim/tasks/starts.h"
#include "sim/tasks/task.h"

namespace py = pybind11;

namespace deerbench {
namespace {

ChainSet ChainSetByName(const std::string& name) {
  if (name == "evaluation") return ChainSet::kEvaluation;
  if (name == "tuning") return ChainSet::kTuning;
  Fail(fmt::format("chain_set is '{}', expected 'evaluation' or 'tuning'", name));
}

py::list ToList(const std::vector<Chain>& chains) {
  py::list list;
  for (const Chain& chain : chains) {
    py::list tasks;
    for (const TaskId task : chain.tasks) tasks.append(std::string(Tasks()[task].name));
    py::dict entry;
    entry["state"] = ToDict(chain.state);
    entry["tasks"] = std::move(tasks);
    list.append(std::move(entry));
  }
  return list;
}

// Evaluation chains begin with the state that its own symbols seed; nothing else may.
uint32_t OtherThanEvaluated(const SymbolicState& state, uint32_t seed) {
  return seed == InitialStateSeed(state) ? seed ^ 1u : seed;
}

}  // namespace

void BindTasks(py::module_& m) {
  py::list names;
  for (const Task& task : Tasks()) names.append(std::string(task.name));
  m.attr("TASKS") = py::tuple(names);
  py::dict sets;
  sets["evaluation"] = kEvaluationChains;
  sets["tuning"] = kTuningChains;
  m.attr("CHAIN_SETS") = sets;

  m.def(
      "chains",
      [](const std::string& set, int count) {
        const ChainSet chain_set = ChainSetByName(set);
        return ToList(WithoutInterpreter([&] { return Chains(chain_set, count); }));
      },
      py::arg("chain_set"), py::arg("count"));
  m.def(
      "calvin_sequences",
      [](int count) { return ToList(WithoutInterpreter([&] { return CalvinSequences(count); })); },
      py::arg("count"));
  m.def(
      "initial_state",
      [](const py::dict& state, std::optional<uint32_t> seed) {
        const SymbolicState symbols = SymbolicStateFromDict(state);
        const InitialState initial = seed ? InitialStateFor(symbols, {}, OtherThanEvaluated(symbols, *seed))
                                          : CalvinInitialState(symbols);
        return py::make_tuple(ToNumpy(initial.robot_obs), ToNumpy(initial.scene_obs));
      },
      py::arg("state"), py::arg("seed") = py::none());
  m.def(
      "task_starts",
      [](const std::optional<std::string>& task) {
        py::list starts;
        if (!task) {
          for (const SymbolicState& state : InitialConditions())
            starts.append(py::make_tuple(ToDict(state), py::list()));
          return starts;
        }
        for (const TaskStart& start : ShortestStarts(TaskByName(*task))) {
          py::list before;
          for (const TaskId id : start.before) before.append(std::string(Tasks()[id].name));
          starts.append(py::make_tuple(ToDict(start.state), before));
        }
        return starts;
      },
      py::arg("task"));
}

}  // namespace deerbench
