#include "harness/episode.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "base/sha256.h"
#include "harness/machine.h"
#include "sim/env/start.h"
#include "sim/tasks/oracle.h"

namespace deerbench {
namespace {

using Clock = std::chrono::steady_clock;

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// What differs between the two kinds of policy: both are asked the same way below.
class Decider {
 public:
  virtual ~Decider() = default;
  virtual void Reset(TaskId task, uint64_t seed) = 0;
  // Brings the observation up to date; part of the environment's time.
  virtual void Look() = 0;
  virtual PolicyStep Decide(const std::string& instruction) = 0;
  virtual PolicyMemory memory() const { return {}; }
  virtual std::string checkpoint_sha256() const { return ""; }
};

class ObservingDecider final : public Decider {
 public:
  ObservingDecider(Tabletop& tabletop, Policy& policy) : tabletop_(tabletop), policy_(policy) {}
  void Reset(TaskId, uint64_t seed) override { policy_.Reset(seed); }
  void Look() override {
    if (policy_.needs_images())
      tabletop_.Observe(observation_);
    else
      observation_.robot_obs = tabletop_.world().robot_obs();
    // Privileged: whoever computes with it anyway shall notice.
    observation_.scene_obs.fill(std::numeric_limits<double>::quiet_NaN());
  }
  PolicyStep Decide(const std::string& instruction) override {
    return policy_.Step(observation_, instruction);
  }
  PolicyMemory memory() const override { return policy_.memory(); }
  std::string checkpoint_sha256() const override { return policy_.checkpoint_sha256(); }

 private:
  Tabletop& tabletop_;
  Policy& policy_;
  Observation observation_;
};

class PrivilegedDecider final : public Decider {
 public:
  PrivilegedDecider(Tabletop& tabletop, PrivilegedPolicy& policy) : tabletop_(tabletop), policy_(policy) {}
  void Reset(TaskId task, uint64_t seed) override { policy_.Reset(tabletop_.world(), task, seed); }
  void Look() override {}
  PolicyStep Decide(const std::string&) override { return policy_.Step(tabletop_.world()); }

 private:
  Tabletop& tabletop_;
  PrivilegedPolicy& policy_;
};

class ChainRun {
 public:
  ChainRun(Tabletop& tabletop, Decider& decider, const Chain& chain, int index, const EpisodeOptions& options)
      : tabletop_(tabletop), decider_(decider), options_(options) {
    record_.index = index;
    record_.chain = chain;
  }

  ChainRecord Run() {
    const Clock::time_point start = Clock::now();
    tabletop_.ResetFresh(StartOf(*tabletop_.scene().model, record_.chain.state));
    if (options_.observer) options_.observer->BeginChain(tabletop_, record_.index, record_.chain);
    for (int i = 0; i < kChainLength; ++i) {
      if (RunSubtask(i) != Outcome::kSuccess) break;
      ++record_.success;
    }
    Complete();
    record_.wall_s = MillisecondsSince(start) / 1000;
    if (options_.observer) options_.observer->EndChain(tabletop_, record_);
    return std::move(record_);
  }

 private:
  Outcome RunSubtask(int subtask) {
    const TaskId task = record_.chain.tasks[subtask];
    SubtaskRecord& result = record_.subtasks.emplace_back();
    result.task = task;
    result.instruction = options_.instructions[task];
    result.policy_seed = SubtaskSeed(options_.seed, record_.index, subtask);
    if (options_.observer) options_.observer->BeginSubtask(tabletop_, subtask, task, result.instruction);

    decider_.Reset(task, result.policy_seed);
    const SceneInfo start = tabletop_.world().Info();
    while (result.outcome == Outcome::kTimeout && result.steps < kMaxSubtaskSteps) {
      Step(subtask, start, result);
    }
    if (options_.observer) options_.observer->EndSubtask(tabletop_, result);
    return result.outcome;
  }

  void Step(int subtask, const SceneInfo& start, SubtaskRecord& result) {
    Clock::time_point mark = Clock::now();
    decider_.Look();
    const double look_ms = MillisecondsSince(mark);

    mark = Clock::now();
    PolicyStep decision = decider_.Decide(result.instruction);
    const double policy_ms = MillisecondsSince(mark);
    if (!decision.cannot_act.empty()) {
      result.outcome = Outcome::kCannotAct;
      result.reason = std::move(decision.cannot_act);
      return;
    }
    CheckAction(decision.action, options_.policy_name, record_.index, subtask, result.task, result.steps);

    mark = Clock::now();
    tabletop_.world().Step(decision.action);
    if (Completed(result.task, start, tabletop_.world().Info())) result.outcome = Outcome::kSuccess;
    const double env_ms = look_ms + MillisecondsSince(mark);

    record_.steps.push_back({.action = decision.action,
                             .exit_layer = decision.cost.exit_layer,
                             .layers_run = decision.cost.layers_run,
                             .llm_macs = decision.cost.llm_macs,
                             .total_macs = decision.cost.total_macs,
                             .llm_ms = static_cast<float>(decision.cost.llm_ms),
                             .policy_ms = static_cast<float>(policy_ms),
                             .env_ms = static_cast<float>(env_ms),
                             .subtask = static_cast<uint32_t>(subtask)});
    if (options_.observer) options_.observer->AfterStep(tabletop_, result.steps, record_.steps.back());
    ++result.steps;
  }

  void Complete() {
    const double steps = std::max<double>(1, static_cast<double>(record_.steps.size()));
    for (const StepRecord& step : record_.steps) {
      record_.llm_macs += step.llm_macs;
      record_.total_macs += step.total_macs;
      record_.latency.llm_ms += step.llm_ms / steps;
      record_.latency.policy_ms += step.policy_ms / steps;
      record_.latency.env_ms += step.env_ms / steps;
    }
    record_.step_count = static_cast<int>(record_.steps.size());
    record_.memory = decider_.memory();
    record_.checkpoint_sha256 = decider_.checkpoint_sha256();
    record_.rss_peak_mib = PeakResidentMib();
    WorldState state = tabletop_.world().Save().state;
    record_.final_state_version = state.version;
    record_.final_state = std::move(state.values);
    Sha256 sha;
    sha.Update(std::as_bytes(std::span(record_.final_state)));
    record_.final_state_sha256 = sha.HexDigest();
  }

  Tabletop& tabletop_;
  Decider& decider_;
  const EpisodeOptions& options_;
  ChainRecord record_;
};

}  // namespace

uint64_t SubtaskSeed(uint64_t seed, int chain_index, int subtask) {
  const uint64_t run = SplitMix64(seed).Next();
  const uint64_t chain = SplitMix64(run ^ static_cast<uint64_t>(chain_index)).Next();
  return SplitMix64(chain ^ static_cast<uint64_t>(subtask)).Next();
}

void CheckAction(const RelativeAction& action, const std::string& policy_name, int chain_index, int subtask,
                 TaskId task, int step) {
  for (size_t i = 0; i < action.size(); ++i) {
    const bool gripper = i == 6;
    const bool good = gripper ? action[i] == -1 || action[i] == 1 : action[i] >= -1 && action[i] <= 1;
    if (good) continue;
    Fail(fmt::format("policy {}: action[{}] is {} in chain {}, subtask {} ({}), step {}, expected {}",
                     policy_name, i, action[i], chain_index, subtask + 1, Tasks()[task].name, step + 1,
                     gripper ? "-1 (close) or 1 (open)" : "a finite number in [-1, 1]"));
  }
}

ChainRecord EvaluateChain(Tabletop& tabletop, Policy& policy, const Chain& chain, int index,
                          const EpisodeOptions& options) {
  ObservingDecider decider(tabletop, policy);
  return ChainRun(tabletop, decider, chain, index, options).Run();
}

ChainRecord EvaluateChain(Tabletop& tabletop, PrivilegedPolicy& policy, const Chain& chain, int index,
                          const EpisodeOptions& options) {
  PrivilegedDecider decider(tabletop, policy);
  return ChainRun(tabletop, decider, chain, index, options).Run();
}

}  // namespace deerbench
