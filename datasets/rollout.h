// The expert at work: one world, one subtask after the other, everything that happens written down.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "datasets/collect_plan.h"
#include "datasets/demonstration.h"
#include "sim/tasks/instructions.h"

namespace deerbench {

// Where a unit begins. Symbols as in evaluation chains, metres drawn anew: the yaws and the order of the
// blocks on the table by another seed than any evaluation chain has, in half of the worlds also places a
// little off theirs. Never within 0.01 rad (every block) of the evaluation's own start of these symbols.
InitialState DrawStart(const SceneModel& model, const SymbolicState& state, SplitMix64& random);

// What is executed instead of the expert's action: a slow drift, and now and then a push for some steps, so
// that there is something to recover from.
class Disturbance {
 public:
  Disturbance(double scale, uint64_t seed) : scale_(scale), random_(seed) {}
  // Called once a step, in order.
  RelativeAction Apply(const RelativeAction& action);

 private:
  double scale_;
  SplitMix64 random_;
  std::array<double, 6> drift_{}, push_{};
  int push_steps_ = 0;
  bool flip_gripper_ = false;
};

struct UnitOutcome {
  std::vector<Demonstration> demos;  // of the wanted tasks; failed ones only if those are kept
  int attempted = 0;                 // subtasks, unwanted ones included
  std::optional<TaskId> failed;      // the subtask at which the unit ended
  std::string problem;               // in the expert's words, if it had any
};

// A function of its arguments. Ends at the first subtask that does not succeed within 360 steps. Returns
// early, with what it has, once `stop` becomes true.
UnitOutcome CarryOut(const std::shared_ptr<const SceneModel>& model, const CollectSettings& settings,
                     const CollectUnit& unit, const Instructions& instructions,
                     const std::atomic<bool>& stop);

}  // namespace deerbench
