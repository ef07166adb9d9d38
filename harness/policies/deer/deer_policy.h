// The multi-exit agent as a policy under evaluation, whole or with one of its senses taken away.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/policies/deer/agent_backend.h"
#include "harness/policy.h"

namespace deerbench {

enum class Ablation {
  kNone,
  kBlankVision,    // both cameras show mid-grey
  kWrongSentence,  // a sentence of another task, drawn anew for each subtask
};
// none, blank-vision or wrong-sentence. Throws Error naming the value.
Ablation ParseAblation(const std::string& text);

class DeerPolicy final : public Policy {
 public:
  // `sentences`: what kWrongSentence draws from; at least two different ones.
  DeerPolicy(std::unique_ptr<AgentBackend> backend, std::string checkpoint_sha256, Ablation ablation,
             std::vector<std::string> sentences);

  void Reset(uint64_t seed) override;
  PolicyStep Step(const Observation& observation, std::string_view instruction) override;
  PolicyMemory memory() const override { return backend_->memory(); }
  std::string checkpoint_sha256() const override { return checkpoint_sha256_; }

  // Exits that the last step weighed, in order.
  const std::vector<ExitProbe>& probes() const { return probes_; }

 private:
  std::unique_ptr<AgentBackend> backend_;
  std::string checkpoint_sha256_;
  Ablation ablation_;
  std::vector<std::string> sentences_;
  uint64_t seed_ = 0;
  Observation blank_;
  std::vector<ExitProbe> probes_;
};

}  // namespace deerbench
