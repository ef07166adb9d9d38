#include "harness/policies/deer/recording.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "datasets/frame_loader.h"
#include "harness/policies/deer/deer_policy.h"

namespace deerbench {
namespace {

// An agent as a policy that keeps what its exits said.
class RecordingPolicy final : public Policy {
 public:
  RecordingPolicy(AgentBackend& agent, Calibration& calibration) : agent_(agent), calibration_(calibration) {}
  void Reset(uint64_t seed) override { agent_.Reset(seed); }
  PolicyStep Step(const Observation& observation, std::string_view instruction) override {
    const AgentDecision decision = agent_.Decide(observation, instruction);
    calibration_.Add(decision.probes);
    return {.action = decision.action, .cost = decision.cost, .cannot_act = {}};
  }

 private:
  AgentBackend& agent_;
  Calibration& calibration_;
};

int Samples(const Calibration& calibration) {
  return calibration.differences.empty() ? 0 : static_cast<int>(calibration.differences[0].size());
}

// True if there are enough or the caller wants no more; then `stopped` says which.
bool Enough(const Calibration& calibration, int samples, const RecordingEvents& events, bool& stopped) {
  if (events.on_progress) events.on_progress(std::min(Samples(calibration), samples));
  stopped = events.stop && events.stop();
  return stopped || Samples(calibration) >= samples;
}

}  // namespace

bool RecordDemonstrations(std::shared_ptr<const DemoReader> reader, const std::string& scenes_dir,
                          int samples, AgentBackend& agent, Calibration& calibration,
                          const RecordingEvents& events) {
  const std::vector<DemoInfo>& demos = reader->demos();
  if (demos.empty()) Fail(fmt::format("{}: no demonstrations", reader->path().string()));
  int64_t steps = 0;
  for (const DemoInfo& demo : demos) steps += demo.length;
  // Every so many-th one, counted in fractions, so that all parts of the file are heard.
  const double stride = std::max(1.0, static_cast<double>(steps) / std::max(1, samples));
  FrameLoader loader(reader, LoadScenesOf(*reader, scenes_dir), {.threads = 1});
  Observation observation;
  observation.rgb_static.resize(FrameLoader::kStaticBytes);
  observation.rgb_gripper.resize(FrameLoader::kGripperBytes);
  bool stopped = false;
  for (int turn = 0; !stopped; ++turn) {
    const auto demo = static_cast<size_t>(turn * stride);
    if (demo >= demos.size()) break;
    const std::vector<RobotObs> robot_obs = reader->ReadRobotObs(static_cast<int>(demo));
    agent.Reset(demo);
    for (int step = 0; step < demos[demo].length; ++step) {
      const FrameRef frame{.demo = static_cast<int>(demo), .step = step};
      loader.Load({&frame, 1}, {.rgb_static = observation.rgb_static.data(),
                                .rgb_gripper = observation.rgb_gripper.data()});
      observation.robot_obs = robot_obs[static_cast<size_t>(step)];
      calibration.Add(agent.Decide(observation, demos[demo].sentence).probes);
    }
    if (Enough(calibration, samples, events, stopped)) break;
  }
  return !stopped;
}

bool RecordTuningChains(Tabletop& tabletop, const std::vector<std::string>& sentences, int samples,
                        AgentBackend& agent, Calibration& calibration, const RecordingEvents& events) {
  EpisodeOptions options;
  options.policy_name = "deer";
  std::copy(sentences.begin(), sentences.end(), options.instructions.begin());
  RecordingPolicy policy(agent, calibration);
  const std::vector<Chain> chains = Chains(ChainSet::kTuning, kTuningChains);
  bool stopped = false;
  for (size_t index = 0; index < chains.size(); ++index) {
    EvaluateChain(tabletop, policy, chains[index], static_cast<int>(index), options);
    if (Enough(calibration, samples, events, stopped)) break;
  }
  return !stopped;
}

}  // namespace deerbench
