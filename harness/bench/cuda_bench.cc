#include "harness/bench/cuda_bench.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "agent/cuda/cuda_agent.h"
#include "harness/policies/deer/exit_plan.h"
#include "harness/statistics.h"

namespace deerbench {
namespace {

constexpr double kMiB = 1 << 20;
constexpr int kCopies = 20;

double WallMs() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::vector<MemoryAtLayers> CountMemory(const cuda::CudaModel& model, const std::vector<int>& layers) {
  const auto embedding = static_cast<double>(sizeof(float) * model.config().language.vocab_size) *
                         model.config().language.width / kMiB;
  std::vector<MemoryAtLayers> memory;
  for (const int count : layers) {
    if (count > model.layers()) continue;
    const double llm = static_cast<double>(model.bytes_to_layer(count - 1)) / kMiB;
    const double others = static_cast<double>(model.weight_bytes() - model.language_bytes()) / kMiB;
    memory.push_back({.layers = count,
                      .loaded = true,
                      .llm_mib = llm,
                      .llm_with_embedding_mib = llm + embedding,
                      .all_mib = llm + others});
  }
  return memory;
}

// Walks to the last exit, whatever the actions say. Returns the language model's mean.
double TimeExits(cuda::CudaAgent& agent, const AgentBenchOptions& options,
                 const std::vector<AgentMoment>& moments, DeviceBench& device, std::vector<Timing>& timings) {
  const std::vector<int>& layers = options.exit_layers;
  std::vector<double> perception, head;
  std::vector<std::vector<double>> language(layers.size()), whole(layers.size());
  int evaluations = 0;
  const auto keep = [&](const cuda::CudaStep& step, double total) {
    // What follows the last exit's answer every walk has.
    const double rest = total - step.exit_times.back().host_ms;
    for (size_t i = 0; i < layers.size(); ++i) {
      language[i].push_back(step.exit_times[i].language_ms);
      whole[i].push_back(rest + step.exit_times[i].host_ms);
    }
    evaluations = step.exit.head_evaluations;
    perception.push_back(step.times.perception);
    head.push_back(step.times.head / evaluations);
  };
  const bool noise = options.text_tokens > 0;
  // Graphs are recorded when a length of sentence is met first.
  Replay(agent, noise, moments, WallMs, [](const cuda::CudaStep&, double) {});
  Replay(agent, noise, moments, WallMs, keep);

  timings.push_back(Summarize("perception", WithoutWarmUp(perception)));
  timings.push_back(Summarize("head, once", WithoutWarmUp(head)));
  for (size_t i = 0; i < layers.size(); ++i) {
    timings.push_back(
        Summarize(fmt::format("language model to layer {}", layers[i]), WithoutWarmUp(language[i])));
    const Timing step = Summarize(fmt::format("whole step to layer {}", layers[i]), WithoutWarmUp(whole[i]));
    timings.push_back(step);
    const int later = static_cast<int>(layers.size() - 1 - i);  // exits, each asks the head once
    const auto bytes = static_cast<double>(agent.model().LeastBytesRead(layers[i] + 1, evaluations - later));
    device.exits.push_back({.layer = layers[i],
                            .p50_ms = step.median_ms,
                            .p95_ms = step.p95_ms,
                            .mib = bytes / kMiB,
                            .least_ms = bytes / device.copy_gb_s * 1e-6});
  }
  return Mean(WithoutWarmUp(language.back()));
}

std::unique_ptr<cuda::CudaAgent> LoadAgent(const AgentBenchOptions& options, const ExitOptions& exits,
                                           std::unique_ptr<cuda::Queue> queue) {
  auto agent = std::make_unique<cuda::CudaAgent>(options.agent.checkpoint, exits, std::move(queue),
                                                 options.agent.precision);
  if (options.text_tokens > 0)
    agent->model().SetPrompt(AnyPrompt(agent->model().config(), options.text_tokens));
  return agent;
}

}  // namespace

double MeasureCopies(cuda::Queue& queue, size_t bytes) {
  void* from = queue.Allocate(bytes);
  void* to = queue.Allocate(bytes);
  queue.Copy(to, from, bytes);
  queue.Wait();
  const double start = WallMs();
  for (int i = 0; i < kCopies; ++i) queue.Copy(to, from, bytes);
  queue.Wait();
  return 2e-6 * kCopies * static_cast<double>(bytes) / (WallMs() - start);
}

AgentBench BenchCuda(const TabletopScene& scene, const AgentBenchOptions& options,
                     const MakeQueue& make_queue, const MakeBackend& make_reference) {
  AgentBench bench;
  DeviceBench& device = bench.device.emplace();
  {
    const std::unique_ptr<cuda::Queue> queue = make_queue();
    device.name = queue->device();
    device.copy_gb_s = MeasureCopies(*queue, options.copy_bytes);
  }
  const bool noise = options.text_tokens > 0;
  AgentWork work;
  {
    const auto agent = LoadAgent(options, options.agent.exits, make_queue());
    const BenchedAgent benched = Benched(*agent, noise, WallMs);
    work = noise ? WorkOnNoise(options.steps, benched)
                 : WorkThroughChains(scene, options.sentences, options.steps, benched);
  }
  {
    const auto agent = LoadAgent(options, AllExits(options), make_queue());
    bench.rss_mib = ProcessMemory("VmRSS");
    bench.memory = CountMemory(agent->model(), options.memory_layers);
    bench.full_llm_ms = TimeExits(*agent, options, work.moments, device, bench.timings);
  }
  AddWork(work, options, "fused path on a CPU core", make_reference, bench);
  return bench;
}

}  // namespace deerbench
