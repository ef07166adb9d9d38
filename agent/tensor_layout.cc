#include "agent/tensor_layout.h"

#include <fmt/format.h>

namespace deerbench {
namespace {

class List {
 public:
  void Add(std::string name, std::vector<int64_t> shape) {
    tensors.push_back({.name = std::move(name), .shape = std::move(shape)});
  }
  void Linear(const std::string& prefix, int64_t out, int64_t in, bool bias) {
    Add(prefix + ".weight", {out, in});
    if (bias) Add(prefix + ".bias", {out});
  }
  void Norm(const std::string& prefix, int64_t width, bool bias = true) {
    Add(prefix + ".weight", {width});
    if (bias) Add(prefix + ".bias", {width});
  }
  // Flamingo's: norm, up, GELU, down.
  void FeedForward(const std::string& prefix, int64_t width, int64_t mult) {
    Norm(prefix + ".0", width);
    Linear(prefix + ".1", mult * width, width, false);
    Linear(prefix + ".3", width, mult * width, false);
  }

  std::vector<TensorLayout> tensors;
};

void AddClip(List& list, const VisionConfig& c) {
  const std::string prefix = "vision_encoder.visual.";
  const int64_t d = c.width;
  list.Add(prefix + "class_embedding", {d});
  list.Add(prefix + "positional_embedding", {c.patches() + 1, d});
  list.Add(prefix + "proj", {d, c.output_dim});
  list.Add(prefix + "conv1.weight", {d, 3, c.patch_size, c.patch_size});
  list.Norm(prefix + "ln_pre", d);
  for (int i = 0; i < c.layers; ++i) {
    const std::string name = fmt::format("{}transformer.resblocks.{}.", prefix, i);
    list.Norm(name + "ln_1", d);
    list.Add(name + "attn.in_proj_weight", {3 * d, d});
    list.Add(name + "attn.in_proj_bias", {3 * d});
    list.Linear(name + "attn.out_proj", d, d, true);
    list.Norm(name + "ln_2", d);
    list.Linear(name + "mlp.c_fc", 4 * d, d, true);
    list.Linear(name + "mlp.c_proj", d, 4 * d, true);
  }
  list.Norm(prefix + "ln_post", d);
}

void AddCamera(List& list, const std::string& prefix, const ConvCameraConfig& c, int64_t width) {
  int64_t in = 3;
  for (size_t i = 0; i < c.layers.size(); ++i) {
    const ConvLayerConfig& layer = c.layers[i];
    const std::string name = fmt::format("{}.conv.{}", prefix, i);
    list.Add(name + ".weight", {layer.channels, in, layer.kernel, layer.kernel});
    list.Add(name + ".bias", {layer.channels});
    in = layer.channels;
  }
  list.Add(prefix + ".attention.weight", {c.slots, in, 1, 1});
  list.Add(prefix + ".attention.bias", {c.slots});
  list.Add(prefix + ".slot_weight", {c.slots, in + 2, width});
  list.Add(prefix + ".slot_bias", {c.slots, width});
}

void AddResampler(List& list, const PerceiverConfig& c, int64_t width) {
  const int64_t inner = int64_t{1} * c.heads * c.head_dim;
  list.Add("perceiver.latents", {c.latents, width});
  for (int i = 0; i < c.depth; ++i) {
    const std::string name = fmt::format("perceiver.layers.{}.", i);
    list.Norm(name + "0.norm_media", width);
    list.Norm(name + "0.norm_latents", width);
    list.Linear(name + "0.to_q", inner, width, false);
    list.Linear(name + "0.to_kv", 2 * inner, width, false);
    list.Linear(name + "0.to_out", width, inner, false);
    list.FeedForward(name + "1", width, c.ff_mult);
  }
  list.Norm("perceiver.norm", width);
}

void AddLanguageModel(List& list, const AgentConfig& config) {
  const LanguageConfig& c = config.language;
  const CrossAttentionConfig& cross = config.cross_attention;
  const int64_t d = c.width, inner = int64_t{1} * cross.heads * cross.head_dim;
  list.Add("lang_encoder.transformer.wte.weight", {c.vocab_size, d});
  for (int i = 0; i < c.layers; ++i) {
    const std::string block = fmt::format("lang_encoder.transformer.blocks.{}.", i);
    if (config.HasCrossAttention(i)) {
      const std::string name = block + "gated_cross_attn_layer.";
      list.Add(name + "attn_gate", {1});
      list.Add(name + "ff_gate", {1});
      list.Norm(name + "attn.norm", d);
      list.Linear(name + "attn.to_q", inner, d, false);
      list.Linear(name + "attn.to_kv", 2 * inner, config.vision.width, false);
      list.Linear(name + "attn.to_out", d, inner, false);
      list.FeedForward(name + "ff", d, cross.ff_mult);
    }
    const std::string name = block + "decoder_layer.";
    list.Norm(name + "ln_1", d, false);
    list.Linear(name + "attn.Wqkv", 3 * d, d, false);
    if (c.qk_layernorm) {
      list.Norm(name + "attn.q_ln", d, false);
      list.Norm(name + "attn.k_ln", d, false);
    }
    list.Linear(name + "attn.out_proj", d, d, false);
    list.Norm(name + "ln_2", d, false);
    list.Linear(name + "mlp.mlp_up", c.mlp_ratio * d, d, false);
    list.Linear(name + "mlp.mlp_down", d, c.mlp_ratio * d, false);
  }
  list.Norm("lang_encoder.transformer.ln_f", d, false);
}

void AddMlp(List& list, const std::string& prefix, const HeadConfig& c, int64_t out) {
  // Indices of the official Sequential: see HeadMlpImpl.
  const bool layerwise = c.dropout_placement == HeadConfig::DropoutPlacement::kLayerwise;
  int index = layerwise ? 1 : 0;
  int64_t width = c.lstm_hidden;
  for (const int next : c.mlp_hidden) {
    list.Linear(fmt::format("{}.{}", prefix, index), next, width, true);
    if (c.mlp_layernorm) list.Norm(fmt::format("{}.{}", prefix, index + 1), next);
    index += layerwise ? 4 : 3;
    width = next;
  }
  list.Linear(fmt::format("{}.{}", prefix, layerwise ? index : index + 1), out, width, true);
}

void AddHead(List& list, const AgentConfig& config) {
  const HeadConfig& c = config.head;
  const int64_t hidden = c.lstm_hidden;
  for (int i = 0; i < c.lstm_layers; ++i) {
    const int64_t in = i == 0 ? config.language.width : hidden;
    const std::string name =
        c.lstm_layernorm ? fmt::format("extra_exit.rnn.layers.{}.", 3 * i) : "extra_exit.rnn.";
    const std::string suffix = fmt::format("_l{}", c.lstm_layernorm ? 0 : i);
    list.Add(name + "weight_ih" + suffix, {4 * hidden, in});
    list.Add(name + "weight_hh" + suffix, {4 * hidden, hidden});
    list.Add(name + "bias_ih" + suffix, {4 * hidden});
    list.Add(name + "bias_hh" + suffix, {4 * hidden});
    if (c.lstm_layernorm) list.Norm(fmt::format("extra_exit.rnn.layers.{}", 3 * i + 1), hidden);
  }
  AddMlp(list, "extra_exit.actions.mlp", c, 6);
  AddMlp(list, "extra_exit.gripper.mlp", c, 1);
}

}  // namespace

int64_t TensorLayout::count() const {
  int64_t total = 1;
  for (const int64_t extent : shape) total *= extent;
  return total;
}

std::vector<TensorLayout> CheckpointTensors(const AgentConfig& config) {
  List list;
  if (config.vision.kind == VisionKind::kClip) {
    AddClip(list, config.vision);
  } else {
    AddCamera(list, "vision_encoder.static", config.vision.static_camera, config.vision.width);
    AddCamera(list, "vision_encoder.gripper", config.vision.gripper_camera, config.vision.width);
  }
  if (config.state.use_state) list.Linear("state_encoder.fc", config.vision.width, kRobotObsSize, true);
  AddResampler(list, config.perceiver, config.vision.width);
  AddLanguageModel(list, config);
  AddHead(list, config);
  return std::move(list.tensors);
}

}  // namespace deerbench
