// What the expert is to demonstrate next: worlds to start from and tasks to do in them, one after the other.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "sim/physics/scene_model.h"
#include "sim/tasks/starts.h"
#include "sim/tasks/task.h"

namespace deerbench {

// Settings that decide what is in a dataset, its length apart.
struct CollectSettings {
  std::vector<std::string> scenes = {"D"};  // letters, each once
  std::vector<TaskId> tasks;                // to record, ascending; empty: all of them
  double noise = 1;  // scale of what is executed beside the expert's action, 0 for none
  double chain_share =
      0.5;  // of the worlds in which up to five tasks are done in a row, not one with what it needs
  bool keep_failures = false;
  uint64_t seed = 0;

  // Throws Error naming field, value and what was expected.
  void Validate() const;
};
// Canonical: equal settings give equal text.
std::string ToJson(const CollectSettings& settings);

// One world and what is done in it.
struct CollectUnit {
  int64_t index = 0;
  int scene = 0;  // in CollectSettings::scenes
  SymbolicState state;
  std::vector<TaskId> tasks;
};

// Generator of the unit's or, with a part, of the subtask's own randomness.
SplitMix64 UnitRandom(uint64_t seed, int64_t unit, int part = -1);

// Plans units in order, each for the task that is shortest of demonstrations so far. What became of a unit is
// taken into account from kLag units later on: so many may be carried out at the same time and in any order
// without a trace in the plan.
class CollectPlan {
 public:
  static constexpr int64_t kLag = 64;

  explicit CollectPlan(const CollectSettings& settings);

  // The next unit. Of all units up to kLag before it Report must have been called.
  CollectUnit Next();
  // The tasks of which a unit gave demonstrations. In order of units.
  void Report(const std::vector<TaskId>& recorded);

  int64_t planned() const { return planned_; }
  int64_t reported() const { return reported_; }
  bool ready() const { return planned_ < reported_ + kLag; }

 private:
  using Counts = std::array<int, kTaskCount>;

  void DrawSingle(TaskId target, SplitMix64& random, CollectUnit& unit);
  bool DrawChain(TaskId target, const Counts& counts, SplitMix64& random, CollectUnit& unit);
  const std::vector<TaskStart>& StartsOf(TaskId task, bool longer);

  CollectSettings settings_;
  std::array<bool, kTaskCount> wanted_{};
  int64_t planned_ = 0, reported_ = 0;
  std::vector<Counts> settled_;       // by scene: of units whose outcome counts
  std::deque<CollectUnit> expected_;  // the last units, whose outcome does not count yet
  std::deque<std::vector<TaskId>> outcomes_;
  std::map<std::pair<TaskId, bool>, std::vector<TaskStart>> starts_;
};

}  // namespace deerbench
