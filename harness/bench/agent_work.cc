#include "harness/bench/agent_work.h"

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "harness/episode.h"
#include "sim/tasks/chains.h"

namespace deerbench {
namespace {

// Lets the agent work and remembers it, until there is enough.
class RecordingPolicy final : public Policy {
 public:
  RecordingPolicy(const BenchedAgent& benched, int steps) : agent_(benched), steps_(steps) {}

  void Reset(uint64_t seed) override {
    agent_.reset(seed);
    begins_ = true;
  }

  PolicyStep Step(const Observation& observation, std::string_view instruction) override {
    PolicyStep step;
    if (done()) {
      step.cannot_act = "the bench has seen enough";
      return step;
    }
    const double start = agent_.clock();
    AgentDecision decision = agent_.decide(observation, instruction);
    work.times_ms.push_back(agent_.clock() - start);
    step.action = decision.action;
    step.cost = decision.cost;
    work.moments.push_back({observation, std::string(instruction), begins_, std::move(decision)});
    begins_ = false;
    return step;
  }

  bool done() const { return static_cast<int>(work.moments.size()) >= steps_; }

  AgentWork work;

 private:
  const BenchedAgent& agent_;
  int steps_;
  bool begins_ = true;
};

}  // namespace

AgentWork WorkThroughChains(const TabletopScene& scene, const std::vector<std::string>& sentences, int steps,
                            const BenchedAgent& benched) {
  RecordingPolicy policy(benched, steps);
  Tabletop tabletop(scene);
  EpisodeOptions episode;
  episode.policy_name = "deer";
  std::copy(sentences.begin(), sentences.end(), episode.instructions.begin());
  const std::vector<Chain> chains = Chains(ChainSet::kTuning, steps);  // at least a step each
  for (int i = 0; !policy.done(); ++i) EvaluateChain(tabletop, policy, chains[i], i, episode);
  return std::move(policy.work);
}

AgentWork WorkOnNoise(int steps, const BenchedAgent& benched) {
  Observation noise;
  SplitMix64 random(1);
  const auto fill = [&](std::vector<uint8_t>& rgb, int size) {
    rgb.resize(static_cast<size_t>(size) * size * 3);
    for (uint8_t& value : rgb) value = static_cast<uint8_t>(random.Next());
  };
  fill(noise.rgb_static, noise.static_size);
  fill(noise.rgb_gripper, noise.gripper_size);
  RecordingPolicy policy(benched, steps);
  policy.Reset(0);
  while (!policy.done()) policy.Step(noise, "");
  return std::move(policy.work);
}

std::vector<int> AnyPrompt(const AgentConfig& config, int tokens) {
  std::vector<int> ids(tokens);
  for (int i = 0; i < tokens; ++i) ids[i] = i % config.language.vocab_size;
  ids[0] = config.language.media_token;
  return ids;
}

std::vector<double> WithoutWarmUp(std::vector<double> values) {
  const size_t warm_up = std::max(values.size() / 10, values.size() > 2 ? size_t{1} : size_t{0});
  values.erase(values.begin(), values.begin() + static_cast<ptrdiff_t>(warm_up));
  return values;
}

}  // namespace deerbench
