// How long the agent takes to decide, on what it sees while it works.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/bench/measure.h"
#include "harness/policies/deer/agent_backend.h"
#include "sim/env/tabletop.h"

namespace deerbench {

struct AgentBenchOptions {
  AgentRequest agent;                  // as evaluated
  std::vector<int> exit_layers;        // all that the checkpoint has
  std::vector<std::string> sentences;  // by TaskId
  int steps = 240;                     // control steps of tuning chains that the agent works through
  int reference_steps = 60;            // of them that the reference gets too
};

// The reference beside the fused path, on the same observations.
struct ReferenceBench {
  double ratio = 0;  // of the medians: how many times longer it takes
  int steps = 0, equal_exits = 0;
  double largest_difference = 0;  // of the poses that both computed
};

struct AgentBench {
  // "vision", "resampler" and "head, once"; "language model" and "whole step" to each exit, every exit below
  // it weighed; "whole step as evaluated", between physics and cameras; and "reference, whole step".
  std::vector<Timing> timings;
  double step_ms = 0;      // median as evaluated
  double mean_layers = 0;  // as evaluated
  double mean_llm_macs = 0, mean_total_macs = 0;
  std::optional<ReferenceBench> reference;
};

using MakeBackend = std::function<std::unique_ptr<AgentBackend>(const AgentRequest&)>;

// Throws Error if the agent has no fused path. `make_reference` may be empty.
AgentBench BenchAgent(const TabletopScene& scene, const AgentBenchOptions& options,
                      const MakeBackend& make_reference);

}  // namespace deerbench
