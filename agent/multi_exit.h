// Inference with early exits: runs layers until the action stops changing (DeeR, section 3.2 of arXiv
// 2411.02359).
#pragma once

#include <torch/torch.h>

#include <optional>

#include "agent/agent_model.h"
#include "agent/exit_walk.h"

namespace deerbench {

// One subtask's rollout at batch size one: layers, head and the LSTM state, which is updated once a step at
// the exit taken.
class MultiExitRollout {
 public:
  MultiExitRollout(AgentModel model, ExitOptions options);

  // Forgets the history and the step count: the start of a subtask.
  void Reset(uint64_t seed = 0);
  // media (1, m, D), ids and mask (1, T).
  ExitStep Step(const torch::Tensor& media, const torch::Tensor& ids, const torch::Tensor& mask);

  const HeadState& state() const { return state_; }
  const torch::Tensor& pooled() const { return pooled_; }  // (1, d) at the last exit taken

 private:
  struct HeadResult {
    HeadOutput output;
    HeadState next;
  };
  // Pooled features of one place, what the head says there if anybody asked, and both for the criterion.
  struct Place {
    torch::Tensor pooled;  // (1, d)
    std::optional<HeadResult> head;
    torch::Tensor pose;  // (6)
    float gripper_probability = 0;
    ExitReading reading;
  };
  void AskHead(Place& place, ExitStep& step);
  Place Look(const torch::Tensor& x, const torch::Tensor& mask, ExitStep& step);

  AgentModel model_;
  ExitWalk walk_;
  HeadState state_;
  torch::Tensor pooled_;
};

}  // namespace deerbench
