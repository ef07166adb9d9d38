#include "harness/bench/agent_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <utility>

#include "agent/fused/fused_agent.h"
#include "agent/thresholds.h"
#include "harness/policies/deer/exit_plan.h"
#include "harness/statistics.h"

namespace deerbench {
namespace {

// The modules, walking to the last exit whatever the actions say. Returns the language model's mean.
double TimeModules(fused::FusedAgent& agent, const AgentBenchOptions& options,
                   const std::vector<AgentMoment>& moments, fused::ClockMs clock,
                   std::vector<Timing>& timings) {
  const std::vector<int>& layers = options.exit_layers;
  agent.model().set_exits(AllExits(options));
  std::vector<double> vision, resampler, head;
  std::vector<std::vector<double>> language(layers.size()), whole(layers.size());
  Replay(agent, options.text_tokens > 0, moments, clock, [&](const fused::FusedStep& step, double total) {
    const fused::ExitTime& end = step.exit_times.back();
    // What is in no module, preparing the prompt for instance, every walk has.
    const double rest = total - end.language_ms - end.head_ms;
    for (size_t i = 0; i < layers.size(); ++i) {
      const fused::ExitTime& time = step.exit_times[i];
      language[i].push_back(time.language_ms);
      whole[i].push_back(rest + time.language_ms + time.head_ms);
    }
    vision.push_back(step.times.vision);
    resampler.push_back(step.times.resampler);
    head.push_back(step.times.head / step.exit.head_evaluations);
  });
  timings.push_back(Summarize("vision", WithoutWarmUp(vision)));
  timings.push_back(Summarize("resampler", WithoutWarmUp(resampler)));
  timings.push_back(Summarize("head, once", WithoutWarmUp(head)));
  for (size_t i = 0; i < layers.size(); ++i) {
    timings.push_back(
        Summarize(fmt::format("language model to layer {}", layers[i]), WithoutWarmUp(language[i])));
    timings.push_back(Summarize(fmt::format("whole step to layer {}", layers[i]), WithoutWarmUp(whole[i])));
  }
  return Mean(WithoutWarmUp(language.back()));
}

// Layers repeat with the cross-attention's period: one that is not loaded is as large as its like.
std::vector<MemoryAtLayers> CountMemory(const fused::FusedModel& model, const std::vector<int>& layers) {
  constexpr double kMiB = 1 << 20;
  const int period = model.config().cross_attention.every_n_layers;
  std::vector<MemoryAtLayers> memory;
  for (const int count : layers) {
    if (count > model.layers() && model.layers() < period) continue;
    size_t bytes = 0;
    for (int i = 0; i < count; ++i) bytes += model.layer_bytes(i < model.layers() ? i : i % period);
    const size_t others = model.total_bytes() - model.language_bytes();
    memory.push_back({.layers = count,
                      .loaded = count <= model.layers(),
                      .llm_mib = static_cast<double>(bytes) / kMiB,
                      .llm_with_embedding_mib = static_cast<double>(bytes + model.embedding_bytes()) / kMiB,
                      .all_mib = static_cast<double>(bytes + others) / kMiB});
  }
  return memory;
}

// The other path on the same observations.
void AddReference(const std::string& name, AgentBackend& reference, const AgentWork& work, int steps,
                  AgentBench& bench) {
  ReferenceBench& result = bench.reference.emplace();
  result.name = name;
  std::vector<double> times_ms;
  for (const AgentMoment& moment : work.moments) {
    if (result.steps == steps) break;
    if (moment.begins) reference.Reset(0);
    const double start = ThreadCpuMs();
    const AgentDecision decision = reference.Decide(moment.observation, moment.instruction);
    times_ms.push_back(ThreadCpuMs() - start);
    ++result.steps;
    if (decision.cost.exit_layer == moment.decision.cost.exit_layer) ++result.equal_exits;
    const size_t probes = std::min(decision.probes.size(), moment.decision.probes.size());
    for (size_t p = 0; p < probes; ++p) {
      for (int i = 0; i < 6; ++i) {
        const double difference = std::abs(decision.probes[p].pose[i] - moment.decision.probes[p].pose[i]);
        result.largest_difference = std::max(result.largest_difference, difference);
      }
    }
  }
  bench.timings.push_back(Summarize(name + ", whole step", WithoutWarmUp(times_ms)));
  result.ratio = bench.timings.back().median_ms / bench.step_ms;
}

}  // namespace

ExitOptions AllExits(const AgentBenchOptions& options) {
  const std::vector<int>& layers = options.exit_layers;
  return DynamicExits(layers, std::vector<float>(layers.size(), kNeverExit), layers.back());
}

void AddWork(const AgentWork& work, const AgentBenchOptions& options, const std::string& reference_name,
             const MakeBackend& make_reference, AgentBench& bench) {
  std::vector<double> llm_ms;
  for (const AgentMoment& moment : work.moments) {
    const Cost& cost = moment.decision.cost;
    llm_ms.push_back(cost.llm_ms);
    bench.mean_layers += cost.layers_run;
    bench.mean_llm_macs += static_cast<double>(cost.llm_macs);
    bench.mean_total_macs += static_cast<double>(cost.total_macs);
  }
  for (double* sum : {&bench.mean_layers, &bench.mean_llm_macs, &bench.mean_total_macs})
    *sum /= static_cast<double>(work.moments.size());
  bench.llm_ms = Mean(WithoutWarmUp(llm_ms));
  bench.timings.push_back(Summarize("whole step as evaluated", WithoutWarmUp(work.times_ms)));
  bench.step_ms = bench.timings.back().median_ms;
  bench.rss_peak_mib = ProcessMemory("VmHWM");
  if (make_reference)
    AddReference(reference_name, *make_reference(options.agent), work, options.reference_steps, bench);
}

double ProcessMemory(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":")) return std::stod(line.substr(key.size() + 1)) / 1024;
  }
  return 0;
}

AgentBench BenchAgent(const TabletopScene& scene, const AgentBenchOptions& options,
                      const MakeBackend& make_reference) {
  const fused::ClockMs clock = options.agent.threads == 1 ? ThreadCpuMs : fused::WallClockMs;
  // All layers, whatever the exits as evaluated need.
  fused::FusedAgent agent(options.agent.checkpoint, AllExits(options),
                          {.precision = options.agent.precision, .threads = options.agent.threads});
  agent.model().set_clock(clock);
  agent.model().set_exits(options.agent.exits);
  AgentBench bench;
  bench.rss_mib = ProcessMemory("VmRSS");
  bench.memory = CountMemory(agent.model(), options.memory_layers);

  const bool noise = options.text_tokens > 0;
  if (noise) agent.model().SetPrompt(AnyPrompt(agent.model().config(), options.text_tokens));
  const BenchedAgent benched = Benched(agent, noise, clock);
  const AgentWork work = noise ? WorkOnNoise(options.steps, benched)
                               : WorkThroughChains(scene, options.sentences, options.steps, benched);
  bench.full_llm_ms = TimeModules(agent, options, work.moments, clock, bench.timings);
  AddWork(work, options, "reference", make_reference, bench);
  return bench;
}

}  // namespace deerbench
