// The action head (agent/action_head.h) for one step: pooled features and the subtask's history to pose and
// gripper.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/config.h"
#include "agent/fused/linear.h"
#include "agent/fused/rows.h"
#include "agent/fused/weights.h"

namespace deerbench::fused {

// History of a subtask: h and c of each LSTM layer.
struct HeadState {
  Matrix h, c;  // (lstm_layers, H)
  void Clear();
};

struct HeadOutput {
  std::array<float, 6> pose{};  // in (-1, 1)
  float gripper_probability = 0;
};

class ActionHead {
 public:
  ActionHead(const AgentConfig& config, const std::string& prefix, WeightReader& weights);

  HeadState MakeState() const;
  // pooled (d). Reads `state`, writes what it becomes to `next`, which may be the same.
  HeadOutput Run(const float* pooled, const HeadState& state, HeadState& next, Workers* workers = nullptr);

  uint64_t macs() const { return macs_; }
  size_t bytes() const;

 private:
  struct Cell {
    PackedWeights gates;  // i, f, g, o, each rounded up to whole vectors; inputs are x, then h
    LayerNorm norm;       // of the output, if the config has one
  };
  struct Mlp {
    std::vector<PackedWeights> layers;  // the last one without norm and ReLU
    std::vector<LayerNorm> norms;
  };
  Cell ReadCell(const AgentConfig& config, const std::string& prefix, int index, WeightReader& weights);
  Mlp ReadMlp(const AgentConfig& config, const std::string& prefix, int out, WeightReader& weights);
  const float* RunMlp(const Mlp& mlp, const Matrix& x, Workers* workers);

  HeadConfig config_;
  int in_features_;
  std::vector<Cell> cells_;
  Mlp actions_, gripper_;
  Matrix joined_, gates_, output_, a_, b_;  // scratch, one row each
  uint64_t macs_ = 0;
};

}  // namespace deerbench::fused
