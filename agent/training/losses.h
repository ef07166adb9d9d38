// DeeR's training loss with all exits (train_one_epoch_calvin_multi_exit of the official code).
//
// Shapes: B windows, W steps, E exits, d features.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "agent/agent_model.h"

namespace deerbench {

struct ActionLabels {
  torch::Tensor pose;        // (B, W, 6) in [-1, 1]
  torch::Tensor gripper;     // (B, W) 1 open, 0 closed
  torch::Tensor weight;      // (B, W) or undefined: how much each step counts, 1 for all
  torch::Tensor pose_scale;  // undefined, or (6): what the difference of each number is multiplied by
};

// One head's loss: mean over the steps (their weights add up to the divisor) of Huber's function of the pose
// over its delta, mean over its six numbers, and of the gripper's cross-entropy. The official code's delta
// is 1.
struct HeadLoss {
  torch::Tensor pose, gripper;  // scalars

  torch::Tensor Sum(double gripper_weight) const { return pose + gripper_weight * gripper; }
};
HeadLoss LossOf(const HeadOutput& output, const ActionLabels& labels, double huber_delta = 1);

// Which exit each step's features come from, as an ordinal into the exits: (B, W) int64. The shared head is
// trained on both kinds.
struct ExitSamples {
  torch::Tensor scattered;  // every step its own
  torch::Tensor switched;   // one exit up to a step that is the same for all windows, another one after it
};
ExitSamples DrawExits(int exits, int64_t windows, int64_t steps, uint64_t seed);

struct LossWeights {
  double gripper = 0.01;
  double huber_delta = 1;
};

struct MultiExitLoss {
  torch::Tensor total;           // scalar: plain sum of all heads
  std::vector<HeadLoss> exits;   // lm_exit_modules, in order
  HeadLoss last;                 // of the last exit trained: lm_head if that is the last there is
  HeadLoss scattered, switched;  // extra_exit
};

// pooled (E, B, W, d): features of the exits to train, from the first one on: of all, or of fewer.
MultiExitLoss MultiExitLosses(AgentModel& model, const torch::Tensor& pooled, const ActionLabels& labels,
                              const ExitSamples& samples, const LossWeights& weights);

}  // namespace deerbench
