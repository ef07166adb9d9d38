// Inference with early exits: runs layers until the action stops changing (DeeR, section 3.2 of arXiv
// 2411.02359).
#pragma once

#include <torch/torch.h>

#include <array>
#include <vector>

#include "agent/agent_model.h"

namespace deerbench {

struct ExitOptions {
  std::vector<int> exit_layers;   // ascending, 0-based
  std::vector<float> thresholds;  // one for each exit layer up to max_layer
  int max_layer = 0;              // highest allowed exit; between two exits the next one is taken
  int steps_per_stage = 1;        // decide anew every so many steps, in between keep the exit or a later one

  // The layer at which the walk ends at the latest.
  int LastLayer() const;
  void Validate(int model_layers) const;
};

// What one exit said.
struct ExitProbe {
  int layer = 0;
  float difference = 0;  // root mean square change of the pose since the exit before
  std::array<float, 6> pose{};
  float gripper_probability = 0;
};

struct ExitStep {
  int exit_layer = 0;
  std::vector<ExitProbe> probes;  // exits that were weighed, in order; empty where none had to be
  std::array<float, 7> action{};  // pose in (-1, 1) and gripper -1 or 1, rounded to half precision
  float gripper_probability = 0;
};

// One subtask's rollout at batch size one: layers, head and the LSTM state, which is updated once a step at
// the exit taken.
class MultiExitRollout {
 public:
  MultiExitRollout(AgentModel model, ExitOptions options);

  // Forgets the history and the step count: the start of a subtask.
  void Reset();
  // media (1, m, D), ids and mask (1, T).
  ExitStep Step(const torch::Tensor& media, const torch::Tensor& ids, const torch::Tensor& mask);

  const HeadState& state() const { return state_; }
  const torch::Tensor& pooled() const { return pooled_; }  // (1, d) at the last exit taken

 private:
  struct HeadResult {
    HeadOutput output;
    HeadState next;
  };
  HeadResult RunHead(const torch::Tensor& hidden);

  AgentModel model_;
  ExitOptions options_;
  HeadState state_;
  torch::Tensor pooled_;
  int step_ = 0;
  int stage_exit_ = -1;
};

}  // namespace deerbench
