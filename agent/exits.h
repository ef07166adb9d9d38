// What an early exit is asked and what it answers; needs no tensor library.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "agent/criteria/criterion.h"

namespace deerbench {

struct ExitOptions {
  std::vector<int> exit_layers;   // ascending, 0-based; layer 0 only where no later one may be taken
  std::vector<float> thresholds;  // one for each exit layer up to max_layer
  int max_layer = 0;              // highest allowed exit; between two exits the next one is taken
  int steps_per_stage = 1;        // decide anew every so many steps, in between keep the exit or a later one
  std::string criterion = kDefaultCriterion;

  // The layer at which the walk ends at the latest.
  int LastLayer() const;
  // Throws Error unless they fit a model of so many layers.
  void Validate(int model_layers) const;
};

// What one exit said.
struct ExitProbe {
  int layer = 0;
  float difference = 0;         // what the criterion said, compared with the exit's threshold
  std::array<float, 6> pose{};  // zero, as the probability, unless the criterion reads poses
  float gripper_probability = 0;
};

struct ExitStep {
  int exit_layer = 0;
  std::vector<ExitProbe> probes;  // exits that were weighed, in order; empty where none had to be
  std::array<float, 7> action{};  // pose in (-1, 1) and gripper -1 or 1, rounded to half precision
  std::array<float, 6> pose{};    // of the action, before rounding
  float gripper_probability = 0;
  int head_evaluations = 0;  // of the action head, the first exit's reference included
  double llm_ms = 0;         // in the language model's layers
};

}  // namespace deerbench
