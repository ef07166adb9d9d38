#include "harness/policies/deer/fused_backend.h"

#include "agent/fused/fused_agent.h"
#include "harness/policies/deer/sentence_backend.h"

namespace deerbench {
namespace {

class FusedBackend final : public SentenceBackend<fused::FusedAgent> {
 public:
  using SentenceBackend::SentenceBackend;

  PolicyMemory memory() const override { return MemoryOf(model().language_bytes(), model().total_bytes()); }
};

}  // namespace

std::unique_ptr<AgentBackend> MakeFusedAgent(const AgentRequest& request) {
  return std::make_unique<FusedBackend>(
      request.checkpoint, request.exits,
      fused::FusedOptions{.precision = request.precision, .threads = request.threads});
}

}  // namespace deerbench
