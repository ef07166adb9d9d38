#include "agent/exit_walk.h"

#include <algorithm>
#include <utility>

namespace deerbench {

ExitWalk::ExitWalk(ExitOptions options, int model_layers)
    : options_(std::move(options)), criterion_(FindCriterion(options_.criterion).make()) {
  options_.Validate(model_layers);
  Reset(0);
}

void ExitWalk::Reset(uint64_t seed) {
  criterion_->Reset(seed);
  step_ = 0;
  stage_exit_ = -1;
}

void ExitWalk::SetReference(const ExitReading& reading) {
  pose_before_.assign(reading.pose.begin(), reading.pose.end());
  features_before_.assign(reading.features.begin(), reading.features.end());
}

bool ExitWalk::MayEnd(int layer) const {
  const bool exit = std::find(options_.exit_layers.begin(), options_.exit_layers.end(), layer) !=
                    options_.exit_layers.end();
  return exit && (weighs_ || layer >= options_.max_layer || layer >= stage_exit_);
}

bool ExitWalk::Weigh(int layer, const ExitReading& reading, ExitStep& step) {
  const float difference = criterion_->Measure({.step = step_,
                                                .layer = layer,
                                                .pose = reading.pose,
                                                .pose_before = pose_before_,
                                                .features = reading.features,
                                                .features_before = features_before_});
  return Weigh(layer, reading, difference, step);
}

bool ExitWalk::Weigh(int layer, const ExitReading& reading, float difference, ExitStep& step) {
  ExitProbe probe{
      .layer = layer, .difference = difference, .gripper_probability = reading.gripper_probability};
  std::copy(reading.pose.begin(), reading.pose.end(), probe.pose.begin());
  step.probes.push_back(probe);
  SetReference(reading);
  const size_t index =
      static_cast<size_t>(std::find(options_.exit_layers.begin(), options_.exit_layers.end(), layer) -
                          options_.exit_layers.begin());
  return layer >= options_.max_layer ||
         (index < options_.thresholds.size() && probe.difference <= options_.thresholds[index]);
}

void ExitWalk::End(int layer) {
  if (weighs_) stage_exit_ = layer;
  ++step_;
}

}  // namespace deerbench
