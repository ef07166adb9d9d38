#include "harness/tensors/reference_backend.h"

#include <utility>

#include "agent/reference_agent.h"

namespace deerbench {
namespace {

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
    return Decision(std::move(step.exit), step.layers_run, step.macs);
  }

  PolicyMemory memory() const override {
    return MemoryOf(agent_.llm_weight_bytes(), agent_.all_weight_bytes());
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
