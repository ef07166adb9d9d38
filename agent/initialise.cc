#include "agent/initialise.h"

#include <cmath>
#include <string_view>

#include "base/error.h"

namespace deerbench {
namespace {

constexpr double kEmbeddingDeviation = 0.5;

bool EndsWith(std::string_view name, std::string_view end) { return name.ends_with(end); }

bool IsResidualProjection(std::string_view name) {
  return name.starts_with("lang_encoder.") &&
         (EndsWith(name, ".out_proj.weight") || EndsWith(name, ".mlp_down.weight") ||
          EndsWith(name, ".to_out.weight") || EndsWith(name, ".ff.3.weight"));
}

}  // namespace

void InitialiseForTraining(AgentModel& model) {
  torch::NoGradGuard no_grad;
  const AgentConfig& config = model->config;
  const double residual_scale = 1.0 / std::sqrt(2.0 * config.language.layers);
  for (auto& item : model->named_parameters()) {
    const std::string_view name = item.key();
    torch::Tensor& value = item.value();
    if (EndsWith(name, "_gate")) {
      value.fill_(config.cross_attention.gate_init);
    } else if (EndsWith(name, ".wte.weight")) {
      value.normal_(0, kEmbeddingDeviation);
    } else if (name == "perceiver.latents") {
      value.normal_(0, 1);
    } else if (name.find(".rnn.") != name.npos && name.find("_hh_l") != name.npos && value.dim() == 2) {
      value.normal_(0, 1.0 / std::sqrt(value.size(1)));
    } else if (value.dim() == 4) {  // convolution, ReLU behind it but for the attention's
      const double gain = name.find(".conv.") != name.npos ? 2.0 : 1.0;
      value.normal_(0, std::sqrt(gain / (value.size(1) * value.size(2) * value.size(3))));
    } else if (EndsWith(name, ".slot_weight")) {  // (slots, in, out)
      value.normal_(0, 1.0 / std::sqrt(value.size(1)));
    } else if (EndsWith(name, ".slot_bias")) {  // what tells one slot's token from another's
      value.normal_(0, 0.5);
    } else if (value.dim() >= 2) {
      const double scale = IsResidualProjection(name) ? residual_scale : 1.0;
      value.normal_(0, scale / std::sqrt(value.size(-1)));
    } else if (EndsWith(name, ".weight")) {
      value.fill_(1);
    } else {
      value.zero_();
    }
  }
  // Remember by default: torch adds two biases to each gate, the forget gate is the second quarter.
  const auto open_forget_gates = [](ActionHead& head) {
    for (LstmLayer& layer : head->lstm) {
      const int64_t hidden = layer.bias_ih.size(0) / 4;
      layer.bias_ih.slice(0, hidden, 2 * hidden).fill_(1);
    }
  };
  open_forget_gates(model->extra_exit);
  if (model->lm_head) open_forget_gates(model->lm_head);
  for (ActionHead& head : model->lm_exit_modules) open_forget_gates(head);
}

void BeginDeeperExits(AgentModel& model, int trained) {
  torch::NoGradGuard no_grad;
  const std::vector<int> exits = model->config.ExitLayers();
  Require(trained >= 1 && trained <= static_cast<int>(model->lm_exit_modules.size()) &&
              !model->lm_head.is_empty(),
          "deeper exits need the auxiliary heads and a trained exit below them");
  for (int layer = exits[trained - 1] + 1; layer < model->config.language.layers; ++layer) {
    FlamingoLayer& module = model->lang_encoder->layers[layer];
    module->decoder_layer->out_proj->weight.zero_();
    module->decoder_layer->mlp_down->weight.zero_();
    if (!module->gated_cross_attn_layer) continue;
    module->gated_cross_attn_layer->to_out->weight.zero_();
    module->gated_cross_attn_layer->ff->down->weight.zero_();
  }
  const auto copy = [&](ActionHead& to) {
    const auto source = model->lm_exit_modules[trained - 1]->named_parameters();
    for (auto& item : to->named_parameters()) item.value().copy_(source[item.key()]);
  };
  for (size_t i = trained; i < model->lm_exit_modules.size(); ++i) copy(model->lm_exit_modules[i]);
  copy(model->lm_head);
}

}  // namespace deerbench
