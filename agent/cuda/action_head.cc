#include "agent/cuda/action_head.h"

#include <algorithm>

namespace deerbench::cuda {

ActionHead::ActionHead(const AgentConfig& config, const std::string& prefix, DeviceWeights& weights,
                       Queue& queue)
    : config_(config.head), in_features_(config.language.width), queue_(queue) {
  const int hidden = config_.lstm_hidden, layers = config_.lstm_layers;
  for (int i = 0; i < layers; ++i) cells_.push_back(ReadCell(config, prefix + ".rnn", i, weights));
  actions_ = ReadMlp(config, prefix + ".actions.mlp", 6, weights);
  gripper_ = ReadMlp(config, prefix + ".gripper.mlp", 1, weights);
  for (DeviceMatrix* m : {&h_, &c_, &next_h_, &next_c_}) *m = MakeMatrix(queue, layers, hidden);
  recurrent_ = MakeMatrix(queue, layers, 4 * hidden);
  gates_ = MakeMatrix(queue, 1, 4 * hidden);
  output_ = MakeMatrix(queue, 1, hidden);
  int widest = hidden;
  for (const int width : config_.mlp_hidden) widest = std::max(widest, width);
  for (DeviceMatrix& m : action_scratch_) m = MakeMatrix(queue, 1, widest);
  for (DeviceMatrix& m : gripper_scratch_) m = MakeMatrix(queue, 1, widest);
  pose_before_ = queue.Make<float>(6);
  RunHistory();
}

ActionHead::Cell ActionHead::ReadCell(const AgentConfig& config, const std::string& prefix, int index,
                                      DeviceWeights& weights) {
  const bool norm = config_.lstm_layernorm;
  const int hidden = config_.lstm_hidden, in = index == 0 ? in_features_ : hidden;
  const std::string name = norm ? prefix + ".layers." + std::to_string(3 * index) : prefix;
  const std::string suffix = norm ? "_l0" : "_l" + std::to_string(index);
  Cell cell;
  cell.from_x = weights.Matrix(weights.Read(name + ".weight_ih" + suffix, {4 * hidden, in}), 4 * hidden, in);
  cell.from_h =
      weights.Matrix(weights.Read(name + ".weight_hh" + suffix, {4 * hidden, hidden}), 4 * hidden, hidden);
  std::vector<float> bias = weights.Read(name + ".bias_ih" + suffix, {4 * hidden});
  const std::vector<float> other = weights.Read(name + ".bias_hh" + suffix, {4 * hidden});
  for (size_t i = 0; i < bias.size(); ++i) bias[i] += other[i];
  cell.from_h.bias = weights.Vector(bias);
  if (norm) {
    cell.norm = weights.ReadNorm(prefix + ".layers." + std::to_string(3 * index + 1), hidden, true,
                                 config.layer_norm_eps);
  }
  return cell;
}

ActionHead::Mlp ActionHead::ReadMlp(const AgentConfig& config, const std::string& prefix, int out,
                                    DeviceWeights& weights) {
  // Indices of the official Sequential: see HeadMlpImpl.
  const bool layerwise = config_.dropout_placement == HeadConfig::DropoutPlacement::kLayerwise;
  int index = layerwise ? 1 : 0, width = config_.lstm_hidden;
  Mlp mlp;
  for (const int next : config_.mlp_hidden) {
    mlp.layers.push_back(weights.ReadLinear(prefix + "." + std::to_string(index), next, width, true));
    if (config_.mlp_layernorm) {
      mlp.norms.push_back(
          weights.ReadNorm(prefix + "." + std::to_string(index + 1), next, true, config.layer_norm_eps));
    }
    index += layerwise ? 4 : 3;
    width = next;
  }
  if (!layerwise) ++index;
  mlp.layers.push_back(weights.ReadLinear(prefix + "." + std::to_string(index), out, width, true));
  return mlp;
}

// What goes into the last layer.
DeviceMatrix ActionHead::RunHidden(const Mlp& mlp, const DeviceMatrix& x, const DeviceMatrix (&scratch)[2]) {
  DeviceMatrix from = x;
  for (size_t i = 0; i + 1 < mlp.layers.size(); ++i) {
    // Behind a layer's numbers another one's may lie, which the next product would take for its zeros.
    const int width = mlp.layers[i].out;
    DeviceMatrix to = scratch[i % 2];
    to.width = width;
    if (RowStride(width) != width) queue_.Zero(to.data + width, sizeof(float) * (RowStride(width) - width));
    const bool norm = !mlp.norms.empty();
    queue_.Run(
        Product(from, 1, mlp.layers[i], to, {.activation = norm ? Activation::kNone : Activation::kRelu}));
    if (norm) {
      LayerNormArgs args = Normalise(to, 1, mlp.norms[i], to);
      args.relu = true;
      queue_.Run(args);
    }
    from = to;
  }
  return from;
}

void ActionHead::Run(const DeviceMatrix& pooled, ExitMeasure measure, ExitVerdict* verdict) {
  DeviceMatrix x = pooled;
  for (int layer = 0; layer < config_.lstm_layers; ++layer) {
    queue_.Run(Product(x, 1, cells_[layer].from_x, gates_, {.residual = recurrent_.row(layer)}));
    queue_.Run(LstmCellArgs{.gates = gates_.data,
                            .c = c_.row(layer),
                            .hidden = config_.lstm_hidden,
                            .next_h = next_h_.row(layer),
                            .next_c = next_c_.row(layer)});
    x = Row(next_h_, layer);
    if (config_.lstm_layernorm) {
      queue_.Run(Normalise(x, 1, cells_[layer].norm, output_));
      x = output_;
    }
  }
  const DeviceMatrix action = RunHidden(actions_, x, action_scratch_),
                     gripper = RunHidden(gripper_, x, gripper_scratch_);
  const DeviceLinear &pose = actions_.layers.back(), &grip = gripper_.layers.back();
  queue_.Run(PoseVerdictArgs{.action_features = action.data,
                             .gripper_features = gripper.data,
                             .in = pose.in,
                             .action_weights = pose.weights,
                             .gripper_weights = grip.weights,
                             .type = pose.type,
                             .in_stride = pose.stride,
                             .action_bias = pose.bias,
                             .gripper_bias = grip.bias,
                             .measure = measure,
                             .pose_before = pose_before_,
                             .verdict = verdict});
}

void ActionHead::RunHistory() {
  for (int layer = 0; layer < config_.lstm_layers; ++layer)
    queue_.Run(Product(Row(h_, layer), 1, cells_[layer].from_h, Row(recurrent_, layer)));
}

size_t ActionHead::history_bytes() const {
  size_t bytes = 0;
  for (const Cell& cell : cells_) {
    const DeviceLinear& w = cell.from_h;
    bytes +=
        static_cast<size_t>(w.out) * (static_cast<size_t>(w.stride) * NumberSize(w.type) + sizeof(float));
  }
  return bytes;
}

void ActionHead::Commit() {
  const size_t bytes = sizeof(float) * h_.rows * h_.stride;
  queue_.Copy(h_.data, next_h_.data, bytes);
  queue_.Copy(c_.data, next_c_.data, bytes);
  RunHistory();
}

void ActionHead::Clear() {
  const size_t bytes = sizeof(float) * h_.rows * h_.stride;
  queue_.Zero(h_.data, bytes);
  queue_.Zero(c_.data, bytes);
  RunHistory();
}

std::vector<float> ActionHead::Read(const DeviceMatrix& m) const {
  queue_.Wait();
  std::vector<float> padded(static_cast<size_t>(m.rows) * m.stride), values;
  queue_.Download(padded.data(), m.data, padded.size() * sizeof(float));
  for (int i = 0; i < m.rows; ++i) {
    const auto row = padded.begin() + static_cast<ptrdiff_t>(i) * m.stride;
    values.insert(values.end(), row, row + m.width);
  }
  return values;
}

}  // namespace deerbench::cuda
