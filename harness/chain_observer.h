// Looks on while a chain is evaluated: for pictures and videos. It may draw, but whatever it does to the
// world would be a bug.
#pragma once

#include <string_view>

#include "harness/record.h"
#include "sim/env/tabletop.h"

namespace deerbench {

// Time spent in an observer is not part of any latency.
class ChainObserver {
 public:
  virtual ~ChainObserver() = default;
  virtual void BeginChain(Tabletop&, int /*index*/, const Chain&) {}
  // `subtask` is the 0-based position in the chain; the world is as the subtask finds it.
  virtual void BeginSubtask(Tabletop&, int /*subtask*/, TaskId, std::string_view /*instruction*/) {}
  // `step` counts from 0 in each subtask; the world is as it was after the action.
  virtual void AfterStep(Tabletop&, int /*step*/, const StepRecord&) {}
  virtual void EndSubtask(Tabletop&, const SubtaskRecord&) {}
  // The record is complete but for what the run folder adds.
  virtual void EndChain(Tabletop&, const ChainRecord&) {}
};

}  // namespace deerbench
