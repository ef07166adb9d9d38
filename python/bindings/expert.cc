#include "python/bindings/expert.h"

#include <pybind11/stl.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/error.h"
#include "python/bindings/arrays.h"
#include "python/bindings/bindings.h"
#include "python/bindings/tabletop.h"
#include "sim/expert/expert.h"
#include "sim/tasks/oracle.h"

namespace py = pybind11;

namespace deerbench {
namespace {

// Control steps that the expert gets for one task, as any policy under evaluation.
constexpr int kMaxSteps = 360;

}  // namespace

std::string RunExpert(World& world, std::shared_ptr<const SceneModel> model, TaskId task, uint64_t seed) {
  Expert expert(std::move(model));
  expert.Reset(world, task, seed);
  const SceneInfo start = world.Info();
  for (int step = 0; step < kMaxSteps; ++step) {
    const ExpertStep decision = expert.Step(world);
    if (!decision.can_act) return decision.reason.empty() ? "no reason given" : decision.reason;
    world.Step(decision.action);
    if (Completed(task, start, world.Info())) return "";
  }
  return "not done in " + std::to_string(kMaxSteps) + " steps";
}

void BindExpert(py::module_& m) {
  py::class_<Expert>(m, "Expert", "The scripted expert: a privileged controller for every task.")
      .def(py::init([](const PyTabletop& tabletop, double noise) {
             return std::make_unique<Expert>(tabletop.tabletop.scene().model, ExpertOptions{.noise = noise});
           }),
           py::arg("tabletop"), py::kw_only(), py::arg("noise") = 0.0)
      .def(
          "reset",
          [](Expert& self, PyTabletop& tabletop, const std::string& task, uint64_t seed) {
            const TaskId id = TaskByName(task);
            py::gil_scoped_release release;
            const std::lock_guard lock(tabletop.mutex);
            self.Reset(tabletop.tabletop.world(), id, seed);
          },
          py::arg("tabletop"), py::arg("task"), py::arg("seed") = 0)
      .def(
          "step",
          [](Expert& self, PyTabletop& tabletop) {
            ExpertStep step;
            {
              py::gil_scoped_release release;
              const std::lock_guard lock(tabletop.mutex);
              step = self.Step(tabletop.tabletop.world());
            }
            if (!step.can_act) Fail("expert: " + (step.reason.empty() ? "cannot act" : step.reason));
            return ToNumpy(step.action);
          },
          py::arg("tabletop"));
  m.def(
      "run_expert",
      [](PyTabletop& self, const std::string& task_name, uint64_t seed) {
        const TaskId task = TaskByName(task_name);
        py::gil_scoped_release release;
        const std::lock_guard lock(self.mutex);
        return RunExpert(self.tabletop.world(), self.tabletop.scene().model, task, seed);
      },
      py::arg("tabletop"), py::arg("task"), py::arg("seed"));
}

}  // namespace deerbench
