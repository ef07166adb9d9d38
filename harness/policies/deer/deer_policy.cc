#include "harness/policies/deer/deer_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace deerbench {
namespace {

constexpr uint8_t kGrey = 128;

}  // namespace

Ablation ParseAblation(const std::string& text) {
  if (text == "none") return Ablation::kNone;
  if (text == "blank-vision") return Ablation::kBlankVision;
  if (text == "wrong-sentence") return Ablation::kWrongSentence;
  Fail(fmt::format("ablate: '{}', expected none, blank-vision or wrong-sentence", text));
}

DeerPolicy::DeerPolicy(std::unique_ptr<AgentBackend> backend, std::string checkpoint_sha256,
                       Ablation ablation, std::vector<std::string> sentences)
    : backend_(std::move(backend)),
      checkpoint_sha256_(std::move(checkpoint_sha256)),
      ablation_(ablation),
      sentences_(std::move(sentences)) {
  std::sort(sentences_.begin(), sentences_.end());
  sentences_.erase(std::unique(sentences_.begin(), sentences_.end()), sentences_.end());
  Require(ablation_ != Ablation::kWrongSentence || sentences_.size() >= 2,
          "ablate: wrong-sentence needs at least two sentences");
}

void DeerPolicy::Reset(uint64_t seed) {
  seed_ = seed;
  backend_->Reset(seed);
}

PolicyStep DeerPolicy::Step(const Observation& observation, std::string_view instruction) {
  const Observation* seen = &observation;
  if (ablation_ == Ablation::kBlankVision) {
    blank_.static_size = observation.static_size;
    blank_.gripper_size = observation.gripper_size;
    blank_.rgb_static.assign(observation.rgb_static.size(), kGrey);
    blank_.rgb_gripper.assign(observation.rgb_gripper.size(), kGrey);
    blank_.robot_obs = observation.robot_obs;
    seen = &blank_;
  }
  if (ablation_ == Ablation::kWrongSentence) {
    // The same one throughout a subtask, never the right one.
    size_t chosen = SplitMix64(seed_).Below(sentences_.size());
    if (sentences_[chosen] == instruction) chosen = (chosen + 1) % sentences_.size();
    instruction = sentences_[chosen];
  }
  AgentDecision decision = backend_->Decide(*seen, instruction);
  probes_ = std::move(decision.probes);
  return {.action = decision.action, .cost = decision.cost, .cannot_act = {}};
}

}  // namespace deerbench
