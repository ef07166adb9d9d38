// One evaluation chain as CALVIN's evaluate_policy runs it: a fresh world in the chain's initial state, up to
// five subtasks of at most 360 control steps, the policy reset at the start of each, the oracle asked after
// every step what changed since then; the chain ends at its first failure.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "harness/chain_observer.h"
#include "harness/policy.h"
#include "harness/record.h"
#include "sim/env/tabletop.h"
#include "sim/tasks/chains.h"

namespace deerbench {

struct EpisodeOptions {
  uint64_t seed = 0;                                 // of the run
  std::string policy_name;                           // for messages
  std::array<std::string, kTaskCount> instructions;  // sentence by TaskId
  ChainObserver* observer = nullptr;
};

// Seed of a policy's Reset at the start of a subtask: three rounds of SplitMix64's output function,
// f(f(f(seed) ^ chain_index) ^ subtask), where f(x) is the first output of the generator in state x.
uint64_t SubtaskSeed(uint64_t seed, int chain_index, int subtask);

// Throws Error naming policy, chain, subtask and step for an action that has NaN, lies outside [-1, 1] or
// whose gripper command is neither -1 nor 1. `step` counts from 0.
void CheckAction(const RelativeAction& action, const std::string& policy_name, int chain_index, int subtask,
                 TaskId task, int step);

// Runs chain `index` and returns its record with steps and final state; `steps_sha256` and `elapsed_s` are
// left to the run folder. The tabletop's world is replaced. What the policy observes has NaN for scene_obs,
// and no pictures unless Policy::needs_images.
ChainRecord EvaluateChain(Tabletop& tabletop, Policy& policy, const Chain& chain, int index,
                          const EpisodeOptions& options);
ChainRecord EvaluateChain(Tabletop& tabletop, PrivilegedPolicy& policy, const Chain& chain, int index,
                          const EpisodeOptions& options);

}  // namespace deerbench
