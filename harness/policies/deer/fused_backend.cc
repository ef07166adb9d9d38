#include "harness/policies/deer/fused_backend.h"

#include <utility>

#include "agent/fused/fused_agent.h"

namespace deerbench {
namespace {

class FusedBackend final : public AgentBackend {
 public:
  explicit FusedBackend(const AgentRequest& request)
      : agent_(request.checkpoint, request.exits,
               {.precision = request.precision, .threads = request.threads}) {}

  void Reset(uint64_t seed) override { agent_.Reset(seed); }

  AgentDecision Decide(const Observation& observation, std::string_view instruction) override {
    fused::FusedStep step =
        agent_.Step(observation.rgb_static, observation.rgb_gripper, observation.robot_obs, instruction);
    return Decision(std::move(step.exit), step.layers_run, step.macs);
  }

  PolicyMemory memory() const override {
    return MemoryOf(agent_.model().language_bytes(), agent_.model().total_bytes());
  }

 private:
  fused::FusedAgent agent_;
};

}  // namespace

std::unique_ptr<AgentBackend> MakeFusedAgent(const AgentRequest& request) {
  return std::make_unique<FusedBackend>(request);
}

}  // namespace deerbench
