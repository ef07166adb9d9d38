#include "harness/policies/deer/cuda_backend.h"

#include <utility>

#include "agent/cuda/cuda_agent.h"
#include "harness/policies/deer/sentence_backend.h"

namespace deerbench {
namespace {

class CudaBackend final : public SentenceBackend<cuda::CudaAgent> {
 public:
  using SentenceBackend::SentenceBackend;

  PolicyMemory memory() const override {
    return MemoryOf(model().language_bytes(), model().weight_bytes(), model().device_bytes());
  }
};

}  // namespace

std::unique_ptr<AgentBackend> MakeCudaAgent(const AgentRequest& request, std::unique_ptr<cuda::Queue> queue) {
  return std::make_unique<CudaBackend>(request.checkpoint, request.exits, std::move(queue),
                                       request.precision);
}

}  // namespace deerbench
