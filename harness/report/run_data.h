// What a report says about a run, read from its folder (docs/run-folder.md). Whatever an older or another
// program left out is empty here, and its part of the page is left out.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace deerbench {

using Interval = std::array<double, 2>;

struct Spread {
  double mean = 0, p50 = 0, p95 = 0, max = 0;
};

struct TaskRate {
  std::string name;
  int attempts = 0;
  int successes = 0;
  double rate = 0;
  std::optional<Interval> ci95;
  std::optional<double> mean_steps;                  // of successes
  std::vector<std::pair<std::string, int>> reasons;  // why the policy could not act, and how often
};

struct SubtaskResult {
  std::string task, instruction, reason;
  bool success = false;
  int steps = 0;
};

struct ChainResult {
  int index = 0;
  int success = 0;                      // subtasks done before the first failure
  std::vector<std::string> tasks;       // of the whole chain
  std::vector<SubtaskResult> subtasks;  // attempted ones
};

struct RunData {
  std::filesystem::path folder;
  std::string name;  // the folder's own

  std::string split, scene, policy, checkpoint_sha256, chain_set, version, digest;
  std::vector<std::string> train_scenes;
  std::vector<std::pair<std::string, std::string>> policy_options;
  bool foreign_assets = false;  // scenes of another asset folder than ours
  uint64_t seed = 0;
  int chains = 0;
  int workers = 0;

  double avg_len = 0;
  std::optional<Interval> avg_len_ci95;
  std::vector<double> success_rate_at;         // of 1, 2, ... subtasks
  std::vector<Interval> success_rate_at_ci95;  // as many, or none
  std::vector<TaskRate> per_task;

  uint64_t steps = 0;
  std::map<int, uint64_t> exit_histogram;  // steps by 0-based exit layer
  std::optional<double> layers_per_step;
  // Present where the policy had something to count.
  std::optional<Spread> llm_gmacs_per_step, total_gmacs_per_step, llm_gmacs_per_episode, gmacs_per_episode;
  std::optional<Spread> llm_ms, policy_ms, env_ms;
  std::optional<double> llm_weights_mib, all_weights_mib, rss_peak_mib, cuda_peak_mib;
  std::optional<double> wall_s;
  std::vector<std::pair<std::string, std::string>> machine;  // in words

  std::vector<ChainResult> episodes;  // in index order
};

// Throws Error naming file and field if summary.json is missing, of another schema or lacks split, policy,
// chains, avg_len or success_rate_at, or if a field or a whole line of episodes.jsonl is of another kind than
// described.
RunData LoadRun(const std::filesystem::path& folder);

}  // namespace deerbench
