// Behaviour cloning: from a batch of windows to the loss.
#pragma once

#include <torch/torch.h>

#include "agent/agent_model.h"
#include "agent/training/losses.h"

namespace deerbench {

// B windows of W steps. Frames are window-major: window 0's steps first.
struct WindowBatch {
  CameraTokens tokens;      // (B * W, K, D) float32, of the frozen encoder
  torch::Tensor robot_obs;  // (B * W, 15)
  torch::Tensor ids, mask;  // (B, T) int64: one sentence a window, padded on the right
  ActionLabels labels;

  int64_t windows() const { return ids.size(0); }
  int64_t steps() const { return robot_obs.size(0) / ids.size(0); }
  WindowBatch To(torch::Device device) const;
};

// Pooled features of the first `exits` exits, 0 for all: (E, B, W, d). Deeper layers are not computed.
torch::Tensor PooledExits(AgentModel& model, const WindowBatch& batch, int exits = 0);

MultiExitLoss CloningLoss(AgentModel& model, const WindowBatch& batch, const ExitSamples& samples,
                          const LossWeights& weights, int exits = 0);

}  // namespace deerbench
