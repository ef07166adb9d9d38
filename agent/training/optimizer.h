// AdamW (Loshchilov, Hutter 2019) on one flat vector, with gradient clipping, a schedule and an average of
// the weights.
#pragma once

#include <torch/torch.h>

#include <functional>

#include "agent/training/flat_parameters.h"

namespace deerbench {

struct OptimizerConfig {
  double learning_rate = 1e-3;  // at the top of the schedule
  double beta1 = 0.9, beta2 = 0.99, epsilon = 1e-8;
  double weight_decay = 0.01;  // of matrices; biases, norms, gates and embeddings are left alone
  double max_gradient_norm = 1;
  double average_decay = 0;  // of the exponential average of the weights, 0 for none
  int warmup_steps = 100;
  int steps = 1000;  // in all; at the last one the learning rate is learning_rate * final_fraction
  double final_fraction = 0.02;  // 1: constant after the warm-up
};

// Linear warm-up, then half a cosine. `step` counts from 0.
double LearningRate(const OptimizerConfig& config, int step);

class Optimizer {
 public:
  // `decays` says by name and shape whether weight decay applies.
  Optimizer(FlatParameters& parameters, const OptimizerConfig& config,
            const std::function<bool(const FlatParameters::Slice&)>& decays);

  // One step along -gradients; they are zero afterwards. Returns their norm before clipping.
  double Step();

  int step() const { return step_; }
  const OptimizerConfig& config() const { return config_; }
  // What to use: the average where there is one, corrected for its start, else the weights.
  torch::Tensor Averaged() const;

  // For saving and restoring: all vectors by name.
  std::map<std::string, torch::Tensor> Tensors() const;
  void Restore(const std::map<std::string, torch::Tensor>& tensors, int step);

 private:
  FlatParameters& parameters_;
  OptimizerConfig config_;
  torch::Tensor decay_;                     // (P) 0 or 1
  torch::Tensor first_, second_, average_;  // (P)
  int step_ = 0;
};

// Matrices of linear layers and convolutions.
bool IsMatrix(const FlatParameters::Slice& slice);

}  // namespace deerbench
