// Action head (DeeR's DeterministicDecoder): max-pooled features, an LSTM that carries the subtask's history,
// pose and gripper.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "agent/config.h"
#include "agent/torch_modules.h"

namespace deerbench {

// History of a subtask. Undefined tensors stand for zeros.
struct HeadState {
  torch::Tensor h, c;  // (lstm_layers, B, H)
};

struct HeadOutput {
  torch::Tensor pose;           // (B, W, 6) in (-1, 1)
  torch::Tensor gripper_logit;  // (B, W, 1); the gripper opens where its sigmoid is above 0.5
};

// One LSTM layer as plain matrix products, gates in the order i, f, g, o. Parameters carry torch's names with
// suffix `l<index>`.
struct LstmLayer {
  torch::Tensor weight_ih, weight_hh, bias_ih, bias_hh;  // (4H, in), (4H, H), (4H), (4H)

  static LstmLayer Register(torch::nn::Module& owner, int index, int in, int hidden);
  // x (B, W, in); h and c (B, H) are read and left at their last values. Returns (B, W, H).
  torch::Tensor Run(const torch::Tensor& x, torch::Tensor& h, torch::Tensor& c) const;
};

// Linear, LayerNorm or nothing, ReLU, dropout; then Linear. Children keep the indices of the official
// Sequential.
struct HeadMlpImpl : torch::nn::Module {
  HeadMlpImpl(const HeadConfig& config, int out, double eps);
  torch::Tensor forward(const torch::Tensor& x);

  std::vector<torch::nn::Linear> hidden;
  std::vector<NormLayer> norms;  // empty without mlp_layernorm
  torch::nn::Linear last{nullptr};
  double dropout;
  bool dropout_every_layer;
};
TORCH_MODULE(HeadMlp);

struct ActionHeadImpl : torch::nn::Module {
  ActionHeadImpl(const HeadConfig& config, int in_features, double eps);

  // Pooled features (B, W, d) through the head from `state`, which is left at the last step's.
  HeadOutput Run(const torch::Tensor& pooled, HeadState& state);
  // From zero history.
  HeadOutput RunWindow(const torch::Tensor& pooled) {
    HeadState state;
    return Run(pooled, state);
  }

  HeadConfig config;
  std::vector<LstmLayer> lstm;
  std::vector<NormLayer> lstm_norms;  // of each layer's output, empty without lstm_layernorm
  HeadMlp actions{nullptr}, gripper{nullptr};
};
TORCH_MODULE(ActionHead);

}  // namespace deerbench
