// The parts of deerbench._core. Each adds its names to the module; later parts use types of earlier ones.
#pragma once

#include <pybind11/pybind11.h>

namespace deerbench {

void BindTasks(pybind11::module_& m);          // task table, chains, initial states
void BindInfo(pybind11::module_& m);           // what the oracle sees, and the oracle
void BindCamera(pybind11::module_& m);         // cameras of the caller's own
void BindTabletop(pybind11::module_& m);       // scenes, worlds, pictures, snapshots; after BindCamera
void BindBatch(pybind11::module_& m);          // many worlds at once; after BindTabletop
void BindBatchRenderer(pybind11::module_& m);  // pictures of many worlds; after BindTabletop
void BindExpert(pybind11::module_& m);         // the scripted expert
void BindAgent(pybind11::module_& m);          // the multi-exit agent
void BindDemos(pybind11::module_& m);          // demonstrations on disk; after BindTabletop
void BindEvaluation(pybind11::module_& m);     // chains of instructions, judged and recorded

// Runs `work` while other Python threads may run.
template <typename Work>
auto WithoutInterpreter(Work&& work) {
  pybind11::gil_scoped_release release;
  return work();
}

}  // namespace deerbench
