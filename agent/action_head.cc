#include "agent/action_head.h"

#include <cmath>
#include <string>

namespace deerbench {

LstmLayer LstmLayer::Register(torch::nn::Module& owner, int index, int in, int hidden) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(hidden));
  const std::string suffix = "_l" + std::to_string(index);
  const auto make = [&](const char* name, at::IntArrayRef shape) {
    return owner.register_parameter(name + suffix, torch::empty(shape).uniform_(-bound, bound));
  };
  LstmLayer layer;
  layer.weight_ih = make("weight_ih", {4 * hidden, in});
  layer.weight_hh = make("weight_hh", {4 * hidden, hidden});
  layer.bias_ih = make("bias_ih", {4 * hidden});
  layer.bias_hh = make("bias_hh", {4 * hidden});
  return layer;
}

torch::Tensor LstmLayer::Run(const torch::Tensor& x, torch::Tensor& h, torch::Tensor& c) const {
  const torch::Tensor from_input = torch::linear(x, weight_ih, bias_ih);  // (B, W, 4H), all steps at once
  std::vector<torch::Tensor> outputs;
  outputs.reserve(x.size(1));
  for (int64_t step = 0; step < x.size(1); ++step) {
    const auto gates = (from_input.select(1, step) + torch::linear(h, weight_hh, bias_hh)).chunk(4, 1);
    c = torch::sigmoid(gates[1]) * c + torch::sigmoid(gates[0]) * torch::tanh(gates[2]);
    h = torch::sigmoid(gates[3]) * torch::tanh(c);
    outputs.push_back(h);
  }
  return torch::stack(outputs, 1);
}

HeadMlpImpl::HeadMlpImpl(const HeadConfig& config, int out, double eps)
    : dropout(config.mlp_dropout),
      dropout_every_layer(config.dropout_placement == HeadConfig::DropoutPlacement::kLayerwise) {
  Group mlp = register_module("mlp", Group());
  // Layerwise: Dropout, then Linear, LayerNorm, ReLU, Dropout a layer. Last: Linear, LayerNorm, ReLU a layer,
  // one Dropout before the final Linear.
  int index = dropout_every_layer ? 1 : 0;
  int width = config.lstm_hidden;
  for (const int next : config.mlp_hidden) {
    hidden.push_back(mlp->register_module(std::to_string(index), MakeLinear(width, next, true)));
    if (config.mlp_layernorm)
      norms.push_back(mlp->register_module(std::to_string(index + 1), NormLayer(next, eps)));
    index += dropout_every_layer ? 4 : 3;
    width = next;
  }
  if (!dropout_every_layer) ++index;
  last = mlp->register_module(std::to_string(index), MakeLinear(width, out, true));
}

torch::Tensor HeadMlpImpl::forward(const torch::Tensor& input) {
  torch::Tensor x = dropout_every_layer ? torch::dropout(input, dropout, is_training()) : input;
  for (size_t i = 0; i < hidden.size(); ++i) {
    x = hidden[i](x);
    if (!norms.empty()) x = norms[i](x);
    x = torch::relu(x);
    if (dropout_every_layer || i + 1 == hidden.size()) x = torch::dropout(x, dropout, is_training());
  }
  return last(x);
}

ActionHeadImpl::ActionHeadImpl(const HeadConfig& config_in, int in_features, double eps) : config(config_in) {
  Group rnn = register_module("rnn", Group());
  Group layers = config.lstm_layernorm ? rnn->register_module("layers", Group()) : nullptr;
  for (int i = 0; i < config.lstm_layers; ++i) {
    const int in = i == 0 ? in_features : config.lstm_hidden;
    if (config.lstm_layernorm) {  // LSTM, LayerNorm, Dropout a layer
      Group cell = layers->register_module(std::to_string(3 * i), Group());
      lstm.push_back(LstmLayer::Register(*cell, 0, in, config.lstm_hidden));
      lstm_norms.push_back(
          layers->register_module(std::to_string(3 * i + 1), NormLayer(config.lstm_hidden, eps)));
    } else {
      lstm.push_back(LstmLayer::Register(*rnn, i, in, config.lstm_hidden));
    }
  }
  actions = register_module("actions", HeadMlp(config, 6, eps));
  gripper = register_module("gripper", HeadMlp(config, 1, eps));
}

HeadOutput ActionHeadImpl::Run(const torch::Tensor& pooled, HeadState& state) {
  const int64_t batch = pooled.size(0), layers = static_cast<int64_t>(lstm.size());
  if (!state.h.defined()) {
    state.h = torch::zeros({layers, batch, config.lstm_hidden}, pooled.options());
    state.c = torch::zeros_like(state.h);
  }
  std::vector<torch::Tensor> hs, cs;
  torch::Tensor x = pooled;
  for (int64_t i = 0; i < layers; ++i) {
    torch::Tensor h = state.h[i], c = state.c[i];
    x = lstm[i].Run(x, h, c);
    if (!lstm_norms.empty()) x = lstm_norms[i](x);
    if (i + 1 < layers) x = torch::dropout(x, config.lstm_dropout, is_training());
    hs.push_back(h);
    cs.push_back(c);
  }
  state = {torch::stack(hs), torch::stack(cs)};
  return {torch::tanh(actions(x)), gripper(x)};
}

}  // namespace deerbench
