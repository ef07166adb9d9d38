#include "harness/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/version.h"
#include "harness/record_json.h"

namespace deerbench {

SummaryBuilder::SummaryBuilder(const EvalConfig& config) : config_(config) {}

void SummaryBuilder::Add(const ChainRecord& record) {
  if (record.index <= last_index_)
    Fail(fmt::format("chain index: {} after {}, expected ascending ones", record.index, last_index_));
  last_index_ = record.index;
  if (!lengths_.empty() && record.checkpoint_sha256 != sums_.checkpoint_sha256)
    Fail(fmt::format("checkpoint of chain {}: {}, expected {} as of the chains before it", record.index,
                     record.checkpoint_sha256, sums_.checkpoint_sha256));
  sums_.checkpoint_sha256 = record.checkpoint_sha256;
  digest_.Update(DigestLine(record));
  lengths_.push_back(record.success);
  for (const SubtaskRecord& subtask : record.subtasks) {
    TaskSummary& task = sums_.per_task[subtask.task];
    ++task.attempts;
    if (subtask.outcome == Outcome::kSuccess) {
      ++task.successes;
      success_steps_[subtask.task] += subtask.steps;
    }
    if (subtask.outcome == Outcome::kCannotAct) {
      ++task.cannot_act;
      ++task.reasons[subtask.reason];
    }
  }
  for (const StepRecord& step : record.steps) {
    if (step.exit_layer >= 0) ++sums_.exit_histogram[step.exit_layer];
    layers_ += static_cast<uint64_t>(step.layers_run);
    llm_macs_.push_back(static_cast<double>(step.llm_macs));
    total_macs_.push_back(static_cast<double>(step.total_macs));
    llm_ms_.push_back(step.llm_ms);
    policy_ms_.push_back(step.policy_ms);
    env_ms_.push_back(step.env_ms);
  }
  chain_llm_macs_.push_back(static_cast<double>(record.llm_macs));
  chain_total_macs_.push_back(static_cast<double>(record.total_macs));
  const auto raise = [](double& greatest, double value) { greatest = std::max(greatest, value); };
  raise(sums_.memory.llm_weights_mib, record.memory.llm_weights_mib);
  raise(sums_.memory.all_weights_mib, record.memory.all_weights_mib);
  raise(sums_.memory.cuda_peak_mib, record.memory.cuda_peak_mib);
  raise(sums_.rss_peak_mib, record.rss_peak_mib);
}

Summary SummaryBuilder::Finish(double wall_s) const {
  Summary summary = sums_;
  summary.split = config_.split.ToString();
  summary.scene = config_.split.Scene();
  summary.train_scenes = config_.split.TrainScenes();
  summary.policy = config_.policy;
  summary.policy_options = config_.policy_options;
  summary.chain_set = ChainSetName(config_.chain_set);
  summary.assets = config_.assets;
  summary.seed = config_.seed;
  summary.workers = config_.workers;
  summary.chains = static_cast<int>(lengths_.size());

  std::vector<double> lengths(lengths_.begin(), lengths_.end());
  for (int k = 1; k <= kChainLength; ++k) {
    const int64_t reached = std::count_if(lengths_.begin(), lengths_.end(), [&](int n) { return n >= k; });
    summary.success_rate_at[k - 1] = static_cast<double>(reached) / std::max(1, summary.chains);
    summary.success_rate_at_ci95[k - 1] = WilsonInterval(reached, summary.chains);
  }
  summary.avg_len = Mean(lengths);
  summary.avg_len_ci95 = BootstrapMeanInterval(lengths);
  for (auto& [id, task] : summary.per_task) {
    task.rate = static_cast<double>(task.successes) / task.attempts;
    task.ci95 = WilsonInterval(task.successes, task.attempts);
    task.mean_steps = task.successes > 0 ? success_steps_[id] / task.successes : 0;
  }

  summary.steps = llm_macs_.size();
  summary.layers_per_step =
      static_cast<double>(layers_) / std::max<double>(1, static_cast<double>(summary.steps));
  const auto gmacs = [](const std::vector<double>& macs) {
    std::vector<double> scaled = macs;
    for (double& value : scaled) value /= 1e9;
    return Describe(std::move(scaled));
  };
  summary.llm_gmacs_per_step = gmacs(llm_macs_);
  summary.total_gmacs_per_step = gmacs(total_macs_);
  summary.llm_gmacs_per_episode = gmacs(chain_llm_macs_);
  summary.gmacs_per_episode = gmacs(chain_total_macs_);
  summary.llm_ms = Describe(llm_ms_);
  summary.policy_ms = Describe(policy_ms_);
  summary.env_ms = Describe(env_ms_);
  summary.wall_s = wall_s;
  summary.machine = QueryMachine();
  summary.version = Version();
  summary.digest = digest_.HexDigest();
  return summary;
}

}  // namespace deerbench
