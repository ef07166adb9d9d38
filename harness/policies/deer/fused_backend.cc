#include "harness/policies/deer/fused_backend.h"

#include <algorithm>
#include <utility>

namespace deerbench {
namespace {

constexpr double kMiB = 1024 * 1024;

class FusedBackend final : public AgentBackend {
 public:
  explicit FusedBackend(const AgentRequest& request)
      : agent_(request.checkpoint, request.exits,
               {.precision = request.precision, .threads = request.threads}) {}

  void Reset(uint64_t seed) override { agent_.Reset(seed); }

  AgentDecision Decide(const Observation& observation, std::string_view instruction) override {
    return Decision(
        agent_.Step(observation.rgb_static, observation.rgb_gripper, observation.robot_obs, instruction));
  }

  PolicyMemory memory() const override {
    return {.llm_weights_mib = static_cast<double>(agent_.model().language_bytes()) / kMiB,
            .all_weights_mib = static_cast<double>(agent_.model().total_bytes()) / kMiB,
            .cuda_peak_mib = 0};
  }

 private:
  fused::FusedAgent agent_;
};

}  // namespace

AgentDecision Decision(fused::FusedStep step) {
  AgentDecision decision;
  std::copy(step.exit.action.begin(), step.exit.action.end(), decision.action.begin());
  decision.cost = {.exit_layer = step.exit.exit_layer,
                   .layers_run = step.layers_run,
                   .llm_macs = step.macs.llm,
                   .total_macs = step.macs.total(),
                   .llm_ms = step.times.language};
  decision.probes = std::move(step.exit.probes);
  return decision;
}

std::unique_ptr<AgentBackend> MakeFusedAgent(const AgentRequest& request) {
  return std::make_unique<FusedBackend>(request);
}

}  // namespace deerbench
