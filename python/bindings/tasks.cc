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
  for (const Chain& chain : chains) list.append(ToDict(chain));
  return list;
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
      "calvin_initial_state",
      [](const py::dict& state) { return ToTuple(CalvinInitialState(SymbolicStateFromDict(state))); },
      py::arg("state"));
  m.def(
      "task_starts",
      [](const std::optional<std::string>& task, bool longer) {
        py::list starts;
        if (!task) {
          for (const SymbolicState& state : InitialConditions())
            starts.append(py::make_tuple(ToDict(state), py::list()));
          return starts;
        }
        const TaskId task_id = TaskByName(*task);
        for (const TaskStart& start : longer ? IrreducibleStarts(task_id) : ShortestStarts(task_id)) {
          py::list before;
          for (const TaskId id : start.before) before.append(std::string(Tasks()[id].name));
          starts.append(py::make_tuple(ToDict(start.state), before));
        }
        return starts;
      },
      py::arg("task"), py::arg("longer") = false);
}

}  // namespace deerbench
