// summary.json (schema deerbench.summary/1): what a run came to.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "harness/eval_config.h"
#include "harness/machine.h"
#include "harness/record.h"
#include "harness/statistics.h"

namespace deerbench {

inline constexpr std::string_view kSummarySchema = "deerbench.summary/1";

struct TaskSummary {
  int attempts = 0;
  int successes = 0;
  double rate = 0;
  std::array<double, 2> ci95{};        // Wilson
  double mean_steps = 0;               // of successes
  int cannot_act = 0;                  // failures where the policy said that it could not act
  std::map<std::string, int> reasons;  // its words, and how often
};

// Means over steps or chains. "gmacs" are 10^9 multiply-accumulates, "gflops" twice as many.
struct Summary {
  std::string split, scene;
  std::vector<std::string> train_scenes;
  std::string policy, checkpoint_sha256, chain_set, assets;
  std::map<std::string, std::string> policy_options;
  uint64_t seed = 0;
  int chains = 0;

  std::array<double, kChainLength>
      success_rate_at{};  // chains with at least 1..5 subtasks done, as a fraction
  std::array<std::array<double, 2>, kChainLength> success_rate_at_ci95{};  // Wilson
  double avg_len = 0;
  std::array<double, 2> avg_len_ci95{};    // bootstrap over chains
  std::map<TaskId, TaskSummary> per_task;  // those attempted

  uint64_t steps = 0;
  std::map<int, uint64_t> exit_histogram;  // steps by 0-based exit layer; empty for policies without exits
  double layers_per_step = 0;
  Distribution llm_gmacs_per_step, total_gmacs_per_step;
  Distribution llm_gmacs_per_episode, gmacs_per_episode;  // an episode is a chain
  Distribution llm_ms, policy_ms, env_ms;                 // a step
  PolicyMemory memory;                                    // greatest of all workers
  double rss_peak_mib = 0;                                // of the largest worker
  double wall_s = 0;                                      // all sessions
  int workers = 0;
  MachineInfo machine;
  std::string version;
  std::string digest;
};

// Collects chains in index order.
class SummaryBuilder {
 public:
  explicit SummaryBuilder(const EvalConfig& config);
  // With steps and final state. Throws Error if the index does not ascend or the checkpoint changes.
  void Add(const ChainRecord& record);
  Summary Finish(double wall_s) const;

 private:
  EvalConfig config_;
  int last_index_ = -1;
  Sha256 digest_;
  Summary sums_;
  std::vector<int> lengths_;  // subtasks done, by chain
  std::array<double, kTaskCount> success_steps_{};
  std::vector<double> llm_macs_, total_macs_, chain_llm_macs_, chain_total_macs_;
  std::vector<double> llm_ms_, policy_ms_, env_ms_;
  uint64_t layers_ = 0;
};

std::string ToJson(const Summary& summary);
// Throws Error naming the file and what is wrong in it.
Summary ReadSummary(const std::filesystem::path& path);

}  // namespace deerbench
