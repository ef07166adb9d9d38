#include "harness/bench/agent_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <utility>

#include "agent/fused/fused_agent.h"
#include "agent/thresholds.h"
#include "base/random.h"
#include "harness/episode.h"
#include "harness/policies/deer/exit_plan.h"
#include "harness/policies/deer/fused_backend.h"
#include "harness/statistics.h"
#include "sim/tasks/chains.h"

namespace deerbench {
namespace {

// One thing that the agent was asked and what it answered.
struct Moment {
  Observation observation;
  std::string instruction;
  bool begins = false;  // a subtask
  AgentDecision decision;
};

// Lets the agent work and remembers it, until there is enough.
class RecordingPolicy final : public Policy {
 public:
  // `prompted`: the agent has a prompt already, and keeps it.
  RecordingPolicy(fused::FusedAgent& agent, int steps, fused::ClockMs clock, bool prompted)
      : agent_(agent), steps_(steps), clock_(clock), prompted_(prompted) {}

  void Reset(uint64_t seed) override {
    agent_.Reset(seed);
    begins_ = true;
  }

  PolicyStep Step(const Observation& observation, std::string_view instruction) override {
    PolicyStep step;
    if (done()) {
      step.cannot_act = "the bench has seen enough";
      return step;
    }
    const double start = clock_();
    AgentDecision decision =
        Decision(prompted_ ? agent_.model().Step(observation.rgb_static, observation.rgb_gripper,
                                                 observation.robot_obs)
                           : agent_.Step(observation.rgb_static, observation.rgb_gripper,
                                         observation.robot_obs, instruction));
    times_ms.push_back(clock_() - start);
    llm_ms.push_back(decision.cost.llm_ms);
    step.action = decision.action;
    step.cost = decision.cost;
    moments.push_back({observation, std::string(instruction), begins_, std::move(decision)});
    begins_ = false;
    return step;
  }

  bool done() const { return static_cast<int>(moments.size()) >= steps_; }

  std::vector<Moment> moments;
  std::vector<double> times_ms, llm_ms;

 private:
  fused::FusedAgent& agent_;
  int steps_;
  fused::ClockMs clock_;
  bool prompted_;
  bool begins_ = true;
};

// Noise to look at, which costs what pictures do.
Observation Noise() {
  Observation observation;
  SplitMix64 random(1);
  const auto fill = [&](std::vector<uint8_t>& rgb, int size) {
    rgb.resize(static_cast<size_t>(size) * size * 3);
    for (uint8_t& value : rgb) value = static_cast<uint8_t>(random.Next());
  };
  fill(observation.rgb_static, observation.static_size);
  fill(observation.rgb_gripper, observation.gripper_size);
  return observation;
}

// A prompt of so many tokens: one medium, then anything.
std::vector<int> AnyPrompt(const AgentConfig& config, int tokens) {
  std::vector<int> ids(tokens);
  for (int i = 0; i < tokens; ++i) ids[i] = i % config.language.vocab_size;
  ids[0] = config.language.media_token;
  return ids;
}

void WorkThroughChains(const TabletopScene& scene, const AgentBenchOptions& options,
                       RecordingPolicy& policy) {
  Tabletop tabletop(scene);
  EpisodeOptions episode;
  episode.policy_name = "deer";
  std::copy(options.sentences.begin(), options.sentences.end(), episode.instructions.begin());
  const std::vector<Chain> chains = Chains(ChainSet::kTuning, options.steps);  // at least a step each
  for (int i = 0; !policy.done(); ++i) EvaluateChain(tabletop, policy, chains[i], i, episode);
}

// The first steps warm caches and clocks up.
std::vector<double> WithoutWarmUp(std::vector<double> values) {
  const size_t warm_up = std::max(values.size() / 10, values.size() > 2 ? size_t{1} : size_t{0});
  values.erase(values.begin(), values.begin() + static_cast<ptrdiff_t>(warm_up));
  return values;
}

// The modules, walking to the last exit whatever the actions say. Returns the language model's mean.
double TimeModules(fused::FusedAgent& agent, const AgentBenchOptions& options,
                   const std::vector<Moment>& moments, fused::ClockMs clock, std::vector<Timing>& timings) {
  const std::vector<int>& layers = options.exit_layers;
  agent.model().set_exits(DynamicExits(layers, std::vector<float>(layers.size(), kNeverExit), layers.back()));
  std::vector<double> vision, resampler, head;
  std::vector<std::vector<double>> language(layers.size()), whole(layers.size());
  for (const Moment& moment : moments) {
    if (moment.begins) agent.Reset();
    const Observation& seen = moment.observation;
    const double start = clock();
    const fused::FusedStep step =
        options.text_tokens > 0
            ? agent.model().Step(seen.rgb_static, seen.rgb_gripper, seen.robot_obs)
            : agent.Step(seen.rgb_static, seen.rgb_gripper, seen.robot_obs, moment.instruction);
    const double total = clock() - start;
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
  }
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

// A line of /proc/self/status, MiB; 0 where there is none.
double ProcessMemory(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":")) return std::stod(line.substr(key.size() + 1)) / 1024;
  }
  return 0;
}

ReferenceBench TimeReference(AgentBackend& reference, const std::vector<Moment>& moments, int steps,
                             double fused_ms, std::vector<Timing>& timings) {
  ReferenceBench result;
  std::vector<double> times_ms;
  for (const Moment& moment : moments) {
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
  timings.push_back(Summarize("reference, whole step", WithoutWarmUp(times_ms)));
  result.ratio = timings.back().median_ms / fused_ms;
  return result;
}

}  // namespace

AgentBench BenchAgent(const TabletopScene& scene, const AgentBenchOptions& options,
                      const MakeBackend& make_reference) {
  const fused::ClockMs clock = options.agent.threads == 1 ? ThreadCpuMs : fused::WallClockMs;
  // All layers, whatever the exits as evaluated need.
  const std::vector<int>& layers = options.exit_layers;
  fused::FusedAgent agent(options.agent.checkpoint,
                          DynamicExits(layers, std::vector<float>(layers.size(), kNeverExit), layers.back()),
                          {.precision = options.agent.precision, .threads = options.agent.threads});
  agent.model().set_clock(clock);
  agent.model().set_exits(options.agent.exits);
  AgentBench bench;
  bench.rss_mib = ProcessMemory("VmRSS");
  bench.memory = CountMemory(agent.model(), options.memory_layers);

  RecordingPolicy policy(agent, options.steps, clock, options.text_tokens > 0);
  if (options.text_tokens > 0) {
    agent.model().SetPrompt(AnyPrompt(agent.model().config(), options.text_tokens));
    const Observation observation = Noise();
    policy.Reset(0);
    while (!policy.done()) policy.Step(observation, "");
  } else {
    WorkThroughChains(scene, options, policy);
  }

  bench.llm_ms = Mean(WithoutWarmUp(policy.llm_ms));
  bench.full_llm_ms = TimeModules(agent, options, policy.moments, clock, bench.timings);
  bench.rss_peak_mib = ProcessMemory("VmHWM");
  bench.timings.push_back(Summarize("whole step as evaluated", WithoutWarmUp(policy.times_ms)));
  bench.step_ms = bench.timings.back().median_ms;
  for (const Moment& moment : policy.moments) {
    bench.mean_layers += moment.decision.cost.layers_run;
    bench.mean_llm_macs += static_cast<double>(moment.decision.cost.llm_macs);
    bench.mean_total_macs += static_cast<double>(moment.decision.cost.total_macs);
  }
  for (double* sum : {&bench.mean_layers, &bench.mean_llm_macs, &bench.mean_total_macs})
    *sum /= static_cast<double>(policy.moments.size());
  if (make_reference) {
    const std::unique_ptr<AgentBackend> reference = make_reference(options.agent);
    bench.reference =
        TimeReference(*reference, policy.moments, options.reference_steps, bench.step_ms, bench.timings);
  }
  return bench;
}

}  // namespace deerbench
