// The action head (agent/action_head.h) on the device, for one step. The half of each LSTM product that the
// history has is the same at every exit of a step: it is computed when the history changes, while the host
// works on the world.
#pragma once

#include <string>
#include <vector>

#include "agent/config.h"
#include "agent/cuda/device_weights.h"

namespace deerbench::cuda {

class ActionHead {
 public:
  ActionHead(const AgentConfig& config, const std::string& prefix, DeviceWeights& weights, Queue& queue);

  // pooled (1, d) -> verdict; what the history becomes if this exit is taken is kept aside.
  void Run(const DeviceMatrix& pooled, ExitMeasure measure, ExitVerdict* verdict);
  // The history becomes what the last Run said.
  void Commit();
  // The start of a subtask.
  void Clear();

  // Of the weights that the history alone is multiplied with, once a step.
  size_t history_bytes() const;

  // (layers, H), what the steps so far left. Wait.
  std::vector<float> h() const { return Read(h_); }
  std::vector<float> c() const { return Read(c_); }

 private:
  struct Cell {
    DeviceLinear from_x, from_h;  // gates i, f, g, o; from_h has both biases
    DeviceNorm norm;              // of the output, if the config has one
  };
  struct Mlp {
    std::vector<DeviceLinear> layers;  // the last one without norm and ReLU
    std::vector<DeviceNorm> norms;
  };
  Cell ReadCell(const AgentConfig& config, const std::string& prefix, int index, DeviceWeights& weights);
  Mlp ReadMlp(const AgentConfig& config, const std::string& prefix, int out, DeviceWeights& weights);
  DeviceMatrix RunHidden(const Mlp& mlp, const DeviceMatrix& x, const DeviceMatrix (&scratch)[2]);
  void RunHistory();
  std::vector<float> Read(const DeviceMatrix& m) const;
  static DeviceMatrix Row(const DeviceMatrix& m, int i) { return {m.row(i), 1, m.width, m.stride}; }

  HeadConfig config_;
  int in_features_;
  Queue& queue_;
  std::vector<Cell> cells_;
  Mlp actions_, gripper_;
  DeviceMatrix h_, c_, next_h_, next_c_;  // (layers, H)
  DeviceMatrix recurrent_;                // (layers, 4 H)
  DeviceMatrix gates_, output_;           // (1, 4 H), (1, H)
  DeviceMatrix action_scratch_[2], gripper_scratch_[2];
  float* pose_before_;
};

}  // namespace deerbench::cuda
