// How long the agent takes to decide on a GPU, and how long its weights alone would take to be read there.
#pragma once

#include <functional>
#include <memory>

#include "agent/cuda/queue.h"
#include "harness/bench/agent_bench.h"

namespace deerbench {

using MakeQueue = std::function<std::unique_ptr<cuda::Queue>()>;

// 1e9 bytes a second that copies of so many bytes within the device's memory read and write.
double MeasureCopies(cuda::Queue& queue, size_t bytes);

// As BenchAgent: `device` is filled too. Whole steps are by the host's clock, observation in to action out,
// modules by the device's. Every model gets a queue of its own. `make_reference`: the fused path, or empty.
AgentBench BenchCuda(const TabletopScene& scene, const AgentBenchOptions& options,
                     const MakeQueue& make_queue, const MakeBackend& make_reference);

}  // namespace deerbench
