// A model behind its sentences (agent/sentence_agent.h) behind the harness's seam.
#pragma once

#include <utility>

#include "harness/policies/deer/agent_backend.h"

namespace deerbench {

template <class Agent>
class SentenceBackend : public AgentBackend {
 public:
  template <class... Rest>
  explicit SentenceBackend(Rest&&... rest) : agent_(std::forward<Rest>(rest)...) {}

  void Reset(uint64_t seed) override { agent_.Reset(seed); }

  AgentDecision Decide(const Observation& observation, std::string_view instruction) override {
    auto step =
        agent_.Step(observation.rgb_static, observation.rgb_gripper, observation.robot_obs, instruction);
    return Decision(std::move(step.exit), step.layers_run, step.macs);
  }

 protected:
  const auto& model() const { return agent_.model(); }

 private:
  Agent agent_;
};

}  // namespace deerbench
