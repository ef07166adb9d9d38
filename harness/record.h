// What is kept of an evaluated chain. episodes.jsonl holds the record without its steps, a line a chain;
// steps/chain_NNNNN.bin the steps and the final state. Costs cover every control step, of failed subtasks
// too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/policy.h"
#include "sim/tasks/chains.h"

namespace deerbench {

// Control steps that a subtask may take, as in CALVIN.
inline constexpr int kMaxSubtaskSteps = 360;

// One control step.
struct StepRecord {
  RelativeAction action{};  // the very bits that the world received
  int32_t exit_layer = -1;  // as in Cost
  int32_t layers_run = 0;
  uint64_t llm_macs = 0;
  uint64_t total_macs = 0;
  float llm_ms = 0;
  float policy_ms = 0;   // observation in to action out
  float env_ms = 0;      // physics, judging and, for policies that look, drawing what they see
  uint32_t subtask = 0;  // 0-based position in the chain
  friend bool operator==(const StepRecord&, const StepRecord&) = default;
};

enum class Outcome {
  kSuccess,
  kTimeout,    // kMaxSubtaskSteps without success
  kCannotAct,  // the policy said so; SubtaskRecord::reason has its words
};
std::string_view OutcomeName(Outcome outcome);
// Throws Error naming the value.
Outcome OutcomeByName(std::string_view name);

struct SubtaskRecord {
  TaskId task = 0;
  std::string instruction;
  uint64_t policy_seed = 0;
  Outcome outcome = Outcome::kTimeout;
  std::string reason;
  int steps = 0;
  friend bool operator==(const SubtaskRecord&, const SubtaskRecord&) = default;
};

// Means over a chain's steps, ms.
struct ChainLatency {
  double llm_ms = 0, policy_ms = 0, env_ms = 0;
  friend bool operator==(const ChainLatency&, const ChainLatency&) = default;
};

struct ChainRecord {
  int index = 0;  // place in its chain set
  Chain chain;
  int success = 0;                      // subtasks done before the first failure, 0..5
  std::vector<SubtaskRecord> subtasks;  // those that were attempted
  int step_count = 0;
  uint64_t llm_macs = 0;  // sums over all steps
  uint64_t total_macs = 0;
  ChainLatency latency;
  PolicyMemory memory;
  std::string checkpoint_sha256;  // empty for policies without one
  double rss_peak_mib = 0;        // of the process that ran it, up to its end
  double wall_s = 0;
  double elapsed_s = 0;            // of the run when it was committed, earlier sessions included
  std::string final_state_sha256;  // of the final state's bytes
  std::string steps_sha256;        // of the sidecar file

  // Sidecar.
  std::vector<StepRecord> steps;
  std::vector<double> final_state;  // WorldState::values when the chain ended
  uint32_t final_state_version = 0;
};

// "steps/chain_00012.bin", relative to the run folder.
std::string StepFileName(int chain_index);

}  // namespace deerbench
