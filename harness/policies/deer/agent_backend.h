// Whatever computes an agent's decisions: the fused path, kernels on a GPU, or the reference on the tensor
// library.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "agent/cost.h"
#include "agent/exits.h"
#include "agent/precision.h"
#include "harness/policy.h"

namespace deerbench {

struct AgentRequest {
  std::filesystem::path checkpoint;  // folder
  ExitOptions exits;
  Precision precision = {};  // of the fused path and the kernels
  int threads = 1;           // of the fused path; no result depends on it
};

struct AgentDecision {
  RelativeAction action{};
  Cost cost;
  std::vector<ExitProbe> probes;  // exits that were weighed, in order
};

// One subtask at a time, one step at a time, in one thread.
class AgentBackend {
 public:
  virtual ~AgentBackend() = default;
  // The start of a subtask. `seed`: of a criterion that draws.
  virtual void Reset(uint64_t seed) = 0;
  // Needs pictures and robot_obs of the observation.
  virtual AgentDecision Decide(const Observation& observation, std::string_view instruction) = 0;
  virtual PolicyMemory memory() const = 0;
};

// What the harness keeps of a step, whoever took it.
AgentDecision Decision(ExitStep step, int layers_run, const StepMacs& macs);
// Of sizes in bytes; `device`: everything that lies on a GPU.
PolicyMemory MemoryOf(uint64_t llm_weights, uint64_t all_weights, uint64_t device = 0);

}  // namespace deerbench
