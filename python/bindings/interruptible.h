// Ctrl-C in the middle of an evaluation.
#pragma once

#include <pybind11/pybind11.h>

#include "harness/chain_observer.h"

namespace deerbench {

// Passes everything on to `inner`; between two steps it lets Python handle its signals, so that Ctrl-C ends
// the evaluation by Python's own exception.
class Interruptible final : public ChainObserver {
 public:
  explicit Interruptible(ChainObserver& inner) : inner_(inner) {}

  void BeginChain(Tabletop& tabletop, int index, const Chain& chain) override {
    inner_.BeginChain(tabletop, index, chain);
  }
  void BeginSubtask(Tabletop& tabletop, int subtask, TaskId task, std::string_view instruction) override {
    inner_.BeginSubtask(tabletop, subtask, task, instruction);
  }
  void AfterStep(Tabletop& tabletop, int step, const StepRecord& record) override {
    {
      pybind11::gil_scoped_acquire acquire;
      if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
    }
    inner_.AfterStep(tabletop, step, record);
  }
  void EndSubtask(Tabletop& tabletop, const SubtaskRecord& record) override {
    inner_.EndSubtask(tabletop, record);
  }
  void EndChain(Tabletop& tabletop, const ChainRecord& record) override { inner_.EndChain(tabletop, record); }

 private:
  ChainObserver& inner_;
};

}  // namespace deerbench
