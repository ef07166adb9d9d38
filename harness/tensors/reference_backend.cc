#include "harness/tensors/reference_backend.h"

#include <algorithm>

#include "agent/reference_agent.h"

namespace deerbench {
namespace {

constexpr double kMiB = 1024 * 1024;

class ReferenceBackend final : public AgentBackend {
 public:
  explicit ReferenceBackend(const AgentRequest& request)
      : agent_(OpenCheckpoint(request.checkpoint), request.exits) {}

  void Reset(uint64_t seed) override { agent_.Reset(seed); }

  AgentDecision Decide(const Observation& observation, std::string_view instruction) override {
    AgentStep step = agent_.Step({.static_rgb = observation.rgb_static,
                                  .gripper_rgb = observation.rgb_gripper,
                                  .robot_obs = observation.robot_obs},
                                 instruction);
    AgentDecision decision;
    std::copy(step.exit.action.begin(), step.exit.action.end(), decision.action.begin());
    decision.cost = {.exit_layer = step.exit.exit_layer,
                     .layers_run = step.layers_run,
                     .llm_macs = step.macs.llm,
                     .total_macs = step.macs.total(),
                     .llm_ms = step.exit.llm_ms};
    decision.probes = std::move(step.exit.probes);
    return decision;
  }

  PolicyMemory memory() const override {
    return {.llm_weights_mib = static_cast<double>(agent_.llm_weight_bytes()) / kMiB,
            .all_weights_mib = static_cast<double>(agent_.all_weight_bytes()) / kMiB,
            .cuda_peak_mib = 0};
  }

 private:
  ReferenceAgent agent_;
};

}  // namespace

std::unique_ptr<AgentBackend> MakeReferenceAgent(const AgentRequest& request) {
  at::set_num_threads(1);
  return std::make_unique<ReferenceBackend>(request);
}

}  // namespace deerbench
