// A loaded multi-exit agent: a policy of the harness that Python holds too.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "harness/eval_config.h"
#include "harness/policies/deer/checkpoint_info.h"
#include "harness/policies/deer/deer_policy.h"
#include "harness/policy_registry.h"

namespace deerbench {

// Calls from several threads take turns, but one subtask's history is carried from step to step.
class LoadedAgent final : public Policy {
 public:
  // `settings`: `scenes` and the agent's own options. Throws Error naming option, value and expectation.
  LoadedAgent(std::map<std::string, std::string> settings, const Installation& installation);

  void Reset(uint64_t seed) override;
  PolicyStep Step(const Observation& observation, std::string_view instruction) override;
  PolicyMemory memory() const override { return policy_->memory(); }
  std::string checkpoint_sha256() const override { return policy_->checkpoint_sha256(); }

  struct Last {
    PolicyStep step;
    std::vector<ExitProbe> probes;
    double latency_ms = 0;  // observation in to action out
  };
  // Of the step before; empty at the start of a subtask.
  std::optional<Last> last() const;

  const CheckpointFolder& checkpoint() const { return checkpoint_; }
  // As settled: what an evaluation of this agent records.
  const std::map<std::string, std::string>& options() const { return config_.policy_options; }

 private:
  mutable std::mutex mutex_;
  CheckpointFolder checkpoint_;
  EvalConfig config_;
  std::unique_ptr<DeerPolicy> policy_;
  std::optional<Last> last_;
};

}  // namespace deerbench
