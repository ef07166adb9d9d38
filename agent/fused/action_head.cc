#include "agent/fused/action_head.h"

#include <algorithm>

#include "agent/fused/simd.h"

namespace deerbench::fused {

void HeadState::Clear() {
  for (Matrix* m : {&h, &c}) std::fill_n(m->row(0), static_cast<size_t>(m->rows()) * m->stride(), 0.0f);
}

ActionHead::ActionHead(const AgentConfig& config, const std::string& prefix, WeightReader& weights)
    : config_(config.head), in_features_(config.language.width) {
  const int hidden = config_.lstm_hidden;
  for (int i = 0; i < config_.lstm_layers; ++i)
    cells_.push_back(ReadCell(config, prefix + ".rnn", i, weights));
  actions_ = ReadMlp(config, prefix + ".actions.mlp", 6, weights);
  gripper_ = ReadMlp(config, prefix + ".gripper.mlp", 1, weights);
  const int widest =
      std::max(hidden, *std::max_element(config_.mlp_hidden.begin(), config_.mlp_hidden.end()));
  joined_ = Matrix(1, std::max(in_features_, hidden) + hidden);
  gates_ = Matrix(1, 4 * RoundUp(hidden, kLanes));
  output_ = Matrix(1, hidden);
  a_ = Matrix(1, std::max(widest, 8));
  b_ = Matrix(1, std::max(widest, 8));
}

ActionHead::Cell ActionHead::ReadCell(const AgentConfig& config, const std::string& prefix, int index,
                                      WeightReader& weights) {
  const bool norm = config_.lstm_layernorm;
  const int hidden = config_.lstm_hidden, in = index == 0 ? in_features_ : hidden;
  const std::string name = norm ? prefix + ".layers." + std::to_string(3 * index) : prefix;
  const std::string suffix = norm ? "_l0" : "_l" + std::to_string(index);
  const std::vector<float> from_x = weights.Read(name + ".weight_ih" + suffix, {4 * hidden, in});
  const std::vector<float> from_h = weights.Read(name + ".weight_hh" + suffix, {4 * hidden, hidden});
  const std::vector<float> bias_x = weights.Read(name + ".bias_ih" + suffix, {4 * hidden});
  const std::vector<float> bias_h = weights.Read(name + ".bias_hh" + suffix, {4 * hidden});

  const int padded = RoundUp(hidden, kLanes), joined = in + hidden;
  std::vector<float> weight(static_cast<size_t>(4) * padded * joined), bias(static_cast<size_t>(4) * padded);
  for (int gate = 0; gate < 4; ++gate) {
    for (int i = 0; i < hidden; ++i) {
      const size_t from = static_cast<size_t>(gate) * hidden + i, to = static_cast<size_t>(gate) * padded + i;
      std::copy_n(from_x.begin() + static_cast<ptrdiff_t>(from * in), in,
                  weight.begin() + static_cast<ptrdiff_t>(to * joined));
      std::copy_n(from_h.begin() + static_cast<ptrdiff_t>(from * hidden), hidden,
                  weight.begin() + static_cast<ptrdiff_t>(to * joined + in));
      bias[to] = bias_x[from] + bias_h[from];
    }
  }
  macs_ += uint64_t{4} * hidden * joined;
  Cell cell{weights.Pack(weight, 4 * padded, joined, bias), {}};
  if (norm) {
    cell.norm = weights.ReadNorm(prefix + ".layers." + std::to_string(3 * index + 1), hidden, true,
                                 config.layer_norm_eps);
  }
  return cell;
}

ActionHead::Mlp ActionHead::ReadMlp(const AgentConfig& config, const std::string& prefix, int out,
                                    WeightReader& weights) {
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
    macs_ += uint64_t{1} * width * next;
    width = next;
  }
  if (!layerwise) ++index;
  mlp.layers.push_back(weights.ReadLinear(prefix + "." + std::to_string(index), out, width, true));
  macs_ += uint64_t{1} * width * out;
  return mlp;
}

HeadState ActionHead::MakeState() const {
  return {Matrix(config_.lstm_layers, config_.lstm_hidden), Matrix(config_.lstm_layers, config_.lstm_hidden)};
}

const float* ActionHead::RunMlp(const Mlp& mlp, const Matrix& x, Workers* workers) {
  const Matrix* from = &x;
  Matrix* to = &a_;
  for (size_t i = 0; i < mlp.layers.size(); ++i) {
    Multiply(*from, 1, mlp.layers[i], *to, {}, workers);
    if (i + 1 == mlp.layers.size()) break;
    if (!mlp.norms.empty()) mlp.norms[i].Apply(*to, 1, *to);
    for (int j = 0; j < mlp.layers[i].out(); j += kLanes)
      Store(to->row(0) + j, _mm256_max_ps(Load(to->row(0) + j), _mm256_setzero_ps()));
    from = to;
    to = to == &a_ ? &b_ : &a_;
  }
  return to->row(0);
}

HeadOutput ActionHead::Run(const float* pooled, const HeadState& state, HeadState& next, Workers* workers) {
  const int hidden = config_.lstm_hidden, padded = RoundUp(hidden, kLanes);
  const float* x = pooled;
  for (size_t layer = 0; layer < cells_.size(); ++layer) {
    const int in = layer == 0 ? in_features_ : hidden, index = static_cast<int>(layer);
    std::copy_n(x, in, joined_.row(0));
    std::copy_n(state.h.row(index), hidden, joined_.row(0) + in);
    Multiply(joined_, 1, cells_[layer].gates, gates_, {}, workers);
    const float* gate = gates_.row(0);
    float* h = next.h.row(index);
    float* c = next.c.row(index);
    for (int i = 0; i < padded; i += kLanes) {
      const F8 kept = _mm256_mul_ps(Sigmoid(Load(gate + padded + i)), Load(state.c.row(index) + i));
      const F8 cell = MulAdd(Sigmoid(Load(gate + i)), Tanh(Load(gate + 2 * padded + i)), kept);
      Store(c + i, cell);
      Store(h + i, _mm256_mul_ps(Sigmoid(Load(gate + 3 * padded + i)), Tanh(cell)));
    }
    if (config_.lstm_layernorm) {
      cells_[layer].norm.Apply(h, 0, 1, output_.row(0), 0);
    } else {
      std::copy_n(h, padded, output_.row(0));
    }
    x = output_.row(0);
  }
  HeadOutput output;
  alignas(32) float values[8];
  Store(values, Tanh(Load(RunMlp(actions_, output_, workers))));
  std::copy_n(values, 6, output.pose.begin());
  Store(values, Sigmoid(Load(RunMlp(gripper_, output_, workers))));
  output.gripper_probability = values[0];
  return output;
}

size_t ActionHead::bytes() const {
  size_t total = 0;
  for (const Cell& cell : cells_) total += cell.gates.bytes() + cell.norm.bytes();
  for (const Mlp* mlp : {&actions_, &gripper_}) {
    for (const PackedWeights& w : mlp->layers) total += w.bytes();
    for (const LayerNorm& n : mlp->norms) total += n.bytes();
  }
  return total;
}

}  // namespace deerbench::fused
