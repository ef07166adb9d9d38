// What an agent is asked while it works, kept to be asked again, and what benches of it share.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/config.h"
#include "harness/policies/deer/agent_backend.h"
#include "sim/env/tabletop.h"

namespace deerbench {

// One thing that the agent was asked and what it answered.
struct AgentMoment {
  Observation observation;
  std::string instruction;
  bool begins = false;  // a subtask
  AgentDecision decision;
};

// Reads a clock, ms.
using BenchClock = double (*)();

// The agent as a bench lets it work.
struct BenchedAgent {
  std::function<void(uint64_t seed)> reset;
  std::function<AgentDecision(const Observation& observation, std::string_view instruction)> decide;
  BenchClock clock;
};

struct AgentWork {
  std::vector<AgentMoment> moments;
  std::vector<double> times_ms;  // of each decision
};

// So many control steps of tuning chains. `sentences`: by TaskId.
AgentWork WorkThroughChains(const TabletopScene& scene, const std::vector<std::string>& sentences, int steps,
                            const BenchedAgent& benched);
// So many looks at noise, which costs what pictures do, without a sentence.
AgentWork WorkOnNoise(int steps, const BenchedAgent& benched);

// A prompt of so many tokens: one medium, then anything.
std::vector<int> AnyPrompt(const AgentConfig& config, int tokens);

// A model behind its sentences (agent/sentence_agent.h), or one that has its prompt already and keeps it.
template <class Agent>
auto TakeStep(Agent& agent, bool has_prompt, const Observation& seen, std::string_view instruction) {
  return has_prompt ? agent.model().Step(seen.rgb_static, seen.rgb_gripper, seen.robot_obs)
                    : agent.Step(seen.rgb_static, seen.rgb_gripper, seen.robot_obs, instruction);
}

template <class Agent>
BenchedAgent Benched(Agent& agent, bool has_prompt, BenchClock clock) {
  return {.reset = [&agent](uint64_t seed) { agent.Reset(seed); },
          .decide =
              [&agent, has_prompt](const Observation& observation, std::string_view instruction) {
                auto step = TakeStep(agent, has_prompt, observation, instruction);
                return Decision(std::move(step.exit), step.layers_run, step.macs);
              },
          .clock = clock};
}

// The same moments again. `visit` gets what each step says of itself and how long it took, ms.
template <class Agent, class Visit>
void Replay(Agent& agent, bool has_prompt, const std::vector<AgentMoment>& moments, BenchClock clock,
            const Visit& visit) {
  for (const AgentMoment& moment : moments) {
    if (moment.begins) agent.Reset();
    const double start = clock();
    const auto step = TakeStep(agent, has_prompt, moment.observation, moment.instruction);
    visit(step, clock() - start);
  }
}

// Without the first steps, which warm caches and clocks up.
std::vector<double> WithoutWarmUp(std::vector<double> values);

}  // namespace deerbench
