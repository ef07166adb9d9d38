#include "datasets/collect_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "sim/tasks/chains.h"
#include "sim/tasks/feasibility.h"

namespace deerbench {
namespace {

// One of `candidates`, the rarer in `counts` the likelier.
TaskId DrawRare(const std::vector<TaskId>& candidates, const std::array<int, kTaskCount>& counts,
                SplitMix64& random) {
  int least = counts[static_cast<size_t>(candidates.front())];
  for (const TaskId task : candidates) least = std::min(least, counts[static_cast<size_t>(task)]);
  double total = 0;
  std::vector<double> up_to;
  for (const TaskId task : candidates) {
    const double excess = counts[static_cast<size_t>(task)] - least;
    total += 1 / ((1 + excess) * (1 + excess));
    up_to.push_back(total);
  }
  const double draw = random.Uniform() * total;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (draw < up_to[i]) return candidates[i];
  }
  return candidates.back();
}

// Tasks that can be done after `tasks`.
std::vector<TaskId> Successors(const SymbolicState& state, std::vector<TaskId> tasks) {
  std::vector<TaskId> found;
  tasks.push_back(0);
  for (TaskId next = 0; next < kTaskCount; ++next) {
    tasks.back() = next;
    if (Feasible(state, tasks)) found.push_back(next);
  }
  return found;
}

}  // namespace

void CollectSettings::Validate() const {
  if (scenes.empty()) Fail("scenes: none, expected letters of A, B, C, D");
  std::set<std::string> seen;
  for (const std::string& scene : scenes) {
    if (scene.size() != 1 || scene[0] < 'A' || scene[0] > 'D')
      Fail(fmt::format("scenes: '{}', expected letters of A, B, C, D", scene));
    if (!seen.insert(scene).second) Fail(fmt::format("scenes: '{}' is there twice", scene));
  }
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i] < 0 || tasks[i] >= kTaskCount || (i > 0 && tasks[i] <= tasks[i - 1]))
      Fail(
          fmt::format("tasks: {} at place {}, expected ascending numbers below {}", tasks[i], i, kTaskCount));
  }
  if (!(noise >= 0 && noise <= 10)) Fail(fmt::format("noise: is {}, expected 0 to 10", noise));
  if (!(chain_share >= 0 && chain_share <= 1))
    Fail(fmt::format("chain_share: is {}, expected 0 to 1", chain_share));
}

std::string ToJson(const CollectSettings& settings) {
  std::string tasks;
  for (const TaskId task : settings.tasks) {
    tasks += fmt::format("{}\"{}\"", tasks.empty() ? "" : ", ", Tasks()[static_cast<size_t>(task)].name);
  }
  return fmt::format(R"({{"by": "collect", "scenes": ["{}"], "tasks": [{}], "noise": {}, "chain_share": {}, )"
                     R"("keep_failures": {}, "seed": {}}})",
                     fmt::join(settings.scenes, "\", \""), tasks, settings.noise, settings.chain_share,
                     settings.keep_failures, settings.seed);
}

SplitMix64 UnitRandom(uint64_t seed, int64_t unit, int part) {
  const uint64_t dataset = SplitMix64(seed ^ 0xda7a5e7u).Next();
  const uint64_t world = SplitMix64(dataset ^ static_cast<uint64_t>(unit)).Next();
  return SplitMix64(SplitMix64(world ^ static_cast<uint64_t>(part + 1)).Next());
}

CollectPlan::CollectPlan(const CollectSettings& settings)
    : settings_(settings), settled_(settings.scenes.size()) {
  settings_.Validate();
  wanted_.fill(settings_.tasks.empty());
  for (const TaskId task : settings_.tasks) wanted_[static_cast<size_t>(task)] = true;
}

void CollectPlan::Report(const std::vector<TaskId>& recorded) {
  outcomes_.push_back(recorded);
  ++reported_;
}

CollectUnit CollectPlan::Next() {
  Require(ready(), "CollectPlan::Next was called before the outcomes it needs were reported");
  if (planned_ >= kLag) {
    for (const TaskId task : outcomes_.front())
      ++settled_[static_cast<size_t>(expected_.front().scene)][static_cast<size_t>(task)];
    outcomes_.pop_front();
    expected_.pop_front();
  }
  std::vector<Counts> counts = settled_;
  for (const CollectUnit& unit : expected_) {
    for (const TaskId task : unit.tasks) ++counts[static_cast<size_t>(unit.scene)][static_cast<size_t>(task)];
  }

  SplitMix64 random = UnitRandom(settings_.seed, planned_);
  CollectUnit unit{.index = planned_, .scene = 0, .state = {}, .tasks = {}};
  TaskId target = -1;
  int least = 0, ties = 0;
  for (size_t scene = 0; scene < counts.size(); ++scene) {
    for (TaskId task = 0; task < kTaskCount; ++task) {
      if (!wanted_[static_cast<size_t>(task)]) continue;
      const int count = counts[scene][static_cast<size_t>(task)];
      if (target >= 0 && count > least) continue;
      ties = target < 0 || count < least ? 1 : ties + 1;
      if (ties > 1 && random.Below(static_cast<uint64_t>(ties)) != 0) continue;
      target = task;
      least = count;
      unit.scene = static_cast<int>(scene);
    }
  }
  const bool chain = random.Uniform() < settings_.chain_share;
  if (!chain || !DrawChain(target, counts[static_cast<size_t>(unit.scene)], random, unit))
    DrawSingle(target, random, unit);
  expected_.push_back(unit);
  ++planned_;
  return unit;
}

const std::vector<TaskStart>& CollectPlan::StartsOf(TaskId task, bool longer) {
  std::vector<TaskStart>& starts = starts_[{task, longer}];
  if (starts.empty()) starts = longer ? IrreducibleStarts(task) : ShortestStarts(task);
  return starts;
}

void CollectPlan::DrawSingle(TaskId target, SplitMix64& random, CollectUnit& unit) {
  const std::vector<TaskStart>& starts = StartsOf(target, random.Below(4) == 0);
  const TaskStart& start = starts[random.Below(starts.size())];
  unit.state = start.state;
  unit.tasks = start.before;
  unit.tasks.push_back(target);
}

bool CollectPlan::DrawChain(TaskId target, const Counts& counts, SplitMix64& random, CollectUnit& unit) {
  constexpr int kAttempts = 100;
  static const std::vector<SymbolicState> kStates = InitialConditions();
  const std::vector<TaskStart>& starts = StartsOf(target, random.Below(4) == 0);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    // Some tasks before the target, then what the target needs, then the target.
    const SymbolicState& state = kStates[random.Below(kStates.size())];
    const std::vector<TaskId>& before = starts[random.Below(starts.size())].before;
    const uint64_t room = static_cast<uint64_t>(kChainLength) - before.size();
    std::vector<TaskId> tasks;
    for (uint64_t ahead = random.Below(room); ahead > 0; --ahead) {
      const std::vector<TaskId> next = Successors(state, tasks);
      if (next.empty()) break;
      tasks.push_back(DrawRare(next, counts, random));
    }
    tasks.insert(tasks.end(), before.begin(), before.end());
    tasks.push_back(target);
    if (!Feasible(state, tasks)) continue;
    while (tasks.size() < static_cast<size_t>(kChainLength)) {
      const std::vector<TaskId> next = Successors(state, tasks);
      if (next.empty()) break;
      tasks.push_back(DrawRare(next, counts, random));
    }
    unit.state = state;
    unit.tasks = std::move(tasks);
    return true;
  }
  return false;
}

}  // namespace deerbench
