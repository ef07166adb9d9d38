// Where the walks of one subtask end: the options, the criterion, and what both remember from step to step.
// Whoever runs the layers asks it at each:
//
//   walk.Begin();
//   for layer 0, 1, ...:
//     if (walk.NeedsReference(layer)) walk.SetReference(reading of the layer's input);
//     run the layer
//     if (!walk.MayEnd(layer)) continue;
//     if (walk.weighs() && !walk.Weigh(layer, reading, step)) continue;
//     walk.End(layer); break;
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "agent/criteria/criterion.h"
#include "agent/exits.h"

namespace deerbench {

// What the criterion asks for at one place; the rest may be left empty.
struct ExitReading {
  std::span<const float> pose;      // (6)
  float gripper_probability = 0;    // beside the pose
  std::span<const float> features;  // (d)
};

class ExitWalk {
 public:
  // Throws Error unless the options fit a model of so many layers.
  ExitWalk(ExitOptions options, int model_layers);

  // The start of a subtask.
  void Reset(uint64_t seed);

  // An exit at layer 0 is the only one, and has no layer below it to be compared with: it is taken unweighed.
  void Begin() { weighs_ = step_ % options_.steps_per_stage == 0 && options_.exit_layers.front() > 0; }
  // Whether this walk asks the criterion; if not, it ends where MayEnd says so.
  bool weighs() const { return weighs_; }
  bool reads_poses() const { return criterion_->reads_poses(); }
  bool reads_features() const { return criterion_->reads_features(); }
  // The first exit is compared with the layer below it.
  bool NeedsReference(int layer) const {
    return weighs_ && layer == options_.exit_layers.front() && (reads_poses() || reads_features());
  }
  void SetReference(const ExitReading& reading);
  bool MayEnd(int layer) const;
  // Appends the exit's probe to `step`; true if the walk ends here.
  bool Weigh(int layer, const ExitReading& reading, ExitStep& step);
  // The same where what the criterion says was measured elsewhere.
  bool Weigh(int layer, const ExitReading& reading, float difference, ExitStep& step);
  void End(int layer);

  const ExitOptions& options() const { return options_; }

 private:
  ExitOptions options_;
  std::unique_ptr<ExitCriterion> criterion_;
  std::vector<float> pose_before_, features_before_;
  int step_ = 0, stage_exit_ = -1;
  bool weighs_ = true;
};

}  // namespace deerbench
