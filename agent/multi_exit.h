// Inference with early exits: runs layers until the action stops changing (DeeR, section 3.2 of arXiv
// 2411.02359).
#pragma once

#include <torch/torch.h>

#include "agent/agent_model.h"
#include "agent/exits.h"

namespace deerbench {

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
  HeadResult RunHead(const torch::Tensor& pooled);  // (1, d)

  AgentModel model_;
  ExitOptions options_;
  HeadState state_;
  torch::Tensor pooled_;
  int step_ = 0;
  int stage_exit_ = -1;
};

}  // namespace deerbench
