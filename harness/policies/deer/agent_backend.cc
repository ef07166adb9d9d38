#include "harness/policies/deer/agent_backend.h"

#include <algorithm>
#include <utility>

namespace deerbench {

AgentDecision Decision(ExitStep step, int layers_run, const StepMacs& macs) {
  AgentDecision decision;
  std::copy(step.action.begin(), step.action.end(), decision.action.begin());
  decision.cost = {.exit_layer = step.exit_layer,
                   .layers_run = layers_run,
                   .llm_macs = macs.llm,
                   .total_macs = macs.total(),
                   .llm_ms = step.llm_ms};
  decision.probes = std::move(step.probes);
  return decision;
}

PolicyMemory MemoryOf(uint64_t llm_weights, uint64_t all_weights, uint64_t device) {
  const auto mib = [](uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  return {
      .llm_weights_mib = mib(llm_weights), .all_weights_mib = mib(all_weights), .cuda_peak_mib = mib(device)};
}

}  // namespace deerbench
