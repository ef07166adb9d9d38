// The seam between the evaluation and whatever decides: one interface for every policy.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "sim/env/observation.h"
#include "sim/physics/world.h"
#include "sim/tasks/task.h"

namespace deerbench {

// What one decision cost. Zero and -1 where a policy has nothing to count.
struct Cost {
  int exit_layer = -1;  // 0-based layer whose exit was taken
  int layers_run = 0;
  uint64_t llm_macs = 0;    // language model with cross-attention: what the DeeR paper counts
  uint64_t total_macs = 0;  // everything, vision included
  double llm_ms = 0;        // time in the language model; the whole step is timed by the harness
};

struct PolicyStep {
  RelativeAction action{};
  Cost cost;
  std::string cannot_act;  // plain words; not empty: the subtask ends here as failed, `action` is not used
};

// Resident weights of a policy, MiB.
struct PolicyMemory {
  double llm_weights_mib = 0;
  double all_weights_mib = 0;
  double cuda_peak_mib = 0;
};

// A policy under evaluation sees the observation and the sentence, nothing else. An action with NaN is an
// Error of the harness, not of the policy.
class Policy {
 public:
  virtual ~Policy() = default;
  // Begins a subtask: forget everything, draw from `seed` alone.
  virtual void Reset(uint64_t seed) = 0;
  virtual PolicyStep Step(const Observation& observation, std::string_view instruction) = 0;
  virtual PolicyMemory memory() const { return {}; }
  virtual std::string checkpoint_sha256() const { return ""; }
  virtual bool needs_images() const { return true; }
};

// The expert's side of the seam: it alone sees the world and the task.
class PrivilegedPolicy {
 public:
  virtual ~PrivilegedPolicy() = default;
  virtual void Reset(const World& world, TaskId task, uint64_t seed) = 0;
  virtual PolicyStep Step(const World& world) = 0;
};

}  // namespace deerbench
