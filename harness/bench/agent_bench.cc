#include "harness/bench/agent_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "agent/fused/fused_agent.h"
#include "harness/episode.h"
#include "harness/policies/deer/fused_backend.h"
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
  RecordingPolicy(std::unique_ptr<AgentBackend> agent, int steps) : agent_(std::move(agent)), steps_(steps) {}

  void Reset(uint64_t seed) override {
    agent_->Reset(seed);
    begins_ = true;
  }

  PolicyStep Step(const Observation& observation, std::string_view instruction) override {
    PolicyStep step;
    if (done()) {
      step.cannot_act = "the bench has seen enough";
      return step;
    }
    const double start = ThreadCpuMs();
    AgentDecision decision = agent_->Decide(observation, instruction);
    times_ms.push_back(ThreadCpuMs() - start);
    step.action = decision.action;
    step.cost = decision.cost;
    moments.push_back({observation, std::string(instruction), begins_, std::move(decision)});
    begins_ = false;
    return step;
  }

  bool done() const { return static_cast<int>(moments.size()) >= steps_; }

  std::vector<Moment> moments;
  std::vector<double> times_ms;

 private:
  std::unique_ptr<AgentBackend> agent_;
  int steps_;
  bool begins_ = true;
};

// The first steps warm caches and clocks up.
std::vector<double> WithoutWarmUp(std::vector<double> values) {
  values.erase(values.begin(), values.begin() + static_cast<ptrdiff_t>(values.size() / 10));
  return values;
}

// The modules, walking to `last` whatever the actions say.
void TimeModules(const AgentBenchOptions& options, const std::vector<Moment>& moments, int last,
                 std::vector<Timing>& timings) {
  ExitOptions exits;
  exits.max_layer = last;
  for (const int layer : options.exit_layers) {
    if (layer <= last) exits.exit_layers.push_back(layer);
  }
  exits.thresholds.assign(exits.exit_layers.size(), -std::numeric_limits<float>::max());
  fused::FusedAgent agent(options.agent.checkpoint, exits);
  agent.model().set_clock(ThreadCpuMs);
  std::vector<double> vision, resampler, language, head, whole;
  for (const Moment& moment : moments) {
    if (moment.begins) agent.Reset();
    const Observation& seen = moment.observation;
    const double start = ThreadCpuMs();
    const fused::FusedStep step =
        agent.Step(seen.rgb_static, seen.rgb_gripper, seen.robot_obs, moment.instruction);
    whole.push_back(ThreadCpuMs() - start);
    vision.push_back(step.times.vision);
    resampler.push_back(step.times.resampler);
    language.push_back(step.times.language);
    head.push_back(step.times.head / static_cast<double>(step.exit.probes.size() + 1));
  }
  if (last == options.exit_layers.back()) {
    timings.push_back(Summarize("vision", WithoutWarmUp(vision)));
    timings.push_back(Summarize("resampler", WithoutWarmUp(resampler)));
    timings.push_back(Summarize("head, once", WithoutWarmUp(head)));
  }
  timings.push_back(Summarize(fmt::format("language model to layer {}", last), WithoutWarmUp(language)));
  timings.push_back(Summarize(fmt::format("whole step to layer {}", last), WithoutWarmUp(whole)));
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
  RecordingPolicy policy(MakeFusedAgent(options.agent), options.steps);
  Tabletop tabletop(scene);
  EpisodeOptions episode;
  episode.policy_name = "deer";
  std::copy(options.sentences.begin(), options.sentences.end(), episode.instructions.begin());
  const std::vector<Chain> chains = Chains(ChainSet::kTuning, options.steps);  // at least a step each
  for (int i = 0; !policy.done(); ++i) EvaluateChain(tabletop, policy, chains[i], i, episode);

  AgentBench bench;
  for (const int layer : options.exit_layers) TimeModules(options, policy.moments, layer, bench.timings);
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
