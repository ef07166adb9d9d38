// How long the agent takes to decide, on what it sees while it works.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/bench/agent_work.h"
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
  int text_tokens = 0;  // prompts of so many tokens and pictures of noise instead, 0 for chains
  size_t copy_bytes = size_t{1} << 28;  // copied to measure a GPU's memory: more than its caches hold
  std::vector<int> memory_layers;       // numbers of layers to state the memory of, loaded or not
};

// Weights in memory with so many layers below the highest exit.
struct MemoryAtLayers {
  int layers = 0;
  bool loaded = false;                // otherwise computed from the layers that are
  double llm_mib = 0;                 // the layers
  double llm_with_embedding_mib = 0;  // of which a prompt's rows are read from the file, the rest stays there
  double all_mib = 0;                 // without the embedding
};

// Another path beside the one that is timed, on the same observations.
struct ReferenceBench {
  std::string name;
  double ratio = 0;  // of the medians: how many times longer it takes
  int steps = 0, equal_exits = 0;
  double largest_difference = 0;  // of the poses that both computed
};

// An exit on a GPU, every exit below it weighed.
struct DeviceExit {
  int layer = 0;
  double p50_ms = 0, p95_ms = 0;  // of the whole step, by the host's clock
  double mib = 0;                 // of weights that the step reads at least
  double least_ms = 0;            // in which the device copies as much
};

struct DeviceBench {
  std::string name;
  double copy_gb_s = 0;  // 1e9 bytes that a copy within the device's memory reads and writes, a second
  std::vector<DeviceExit> exits;
};

struct AgentBench {
  // On the CPU "vision", "resampler" and "head, once"; "language model" and "whole step" to each exit, every
  // exit below it weighed, all of the same walks to the last one; "whole step as evaluated", between physics
  // and cameras; and the reference's whole step. On a GPU (cuda_bench.h) "perception" and "head, once" for
  // the first three, they and the language model by the device's clock.
  std::vector<Timing> timings;
  double step_ms = 0;      // median as evaluated
  double mean_layers = 0;  // as evaluated
  double mean_llm_macs = 0, mean_total_macs = 0;
  // Language model alone, mean a step, ms: at the exits taken, and had every step walked to the last one.
  double llm_ms = 0, full_llm_ms = 0;
  std::vector<MemoryAtLayers> memory;
  double rss_mib = 0,
         rss_peak_mib = 0;  // of the whole process: when the agent had loaded, and at most until now
  std::optional<ReferenceBench> reference;
  std::optional<DeviceBench> device;
};

using MakeBackend = std::function<std::unique_ptr<AgentBackend>(const AgentRequest&)>;

// Loads the agent once. Times are the thread's own, or with several threads the clock's. `make_reference` may
// be empty.
AgentBench BenchAgent(const TabletopScene& scene, const AgentBenchOptions& options,
                      const MakeBackend& make_reference);

// What the benches of both paths share: the exits weighed in a walk to the last one, without one that is
// taken before,
ExitOptions AllExits(const AgentBenchOptions& options);
// and the figures of what was evaluated, with the other path, if one can be made, on the same observations.
void AddWork(const AgentWork& work, const AgentBenchOptions& options, const std::string& reference_name,
             const MakeBackend& make_reference, AgentBench& bench);
// A line of /proc/self/status, MiB; 0 where there is none.
double ProcessMemory(const std::string& key);

}  // namespace deerbench
