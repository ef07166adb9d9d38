#include "harness/policies/deer/cuda_backend.h"

#include <utility>

#include "agent/cuda/cuda_agent.h"

namespace deerbench {
namespace {

class CudaBackend final : public AgentBackend {
 public:
  CudaBackend(const AgentRequest& request, std::unique_ptr<cuda::Queue> queue)
      : agent_(request.checkpoint, request.exits, std::move(queue), request.precision) {}

  void Reset(uint64_t seed) override { agent_.Reset(seed); }

  AgentDecision Decide(const Observation& observation, std::string_view instruction) override {
    cuda::CudaStep step =
        agent_.Step(observation.rgb_static, observation.rgb_gripper, observation.robot_obs, instruction);
    return Decision(std::move(step.exit), step.layers_run, step.macs);
  }

  PolicyMemory memory() const override {
    const cuda::CudaModel& model = agent_.model();
    return MemoryOf(model.language_bytes(), model.weight_bytes(), model.device_bytes());
  }

 private:
  cuda::CudaAgent agent_;
};

}  // namespace

std::unique_ptr<AgentBackend> MakeCudaAgent(const AgentRequest& request, std::unique_ptr<cuda::Queue> queue) {
  return std::make_unique<CudaBackend>(request, std::move(queue));
}

}  // namespace deerbench
