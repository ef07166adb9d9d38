// Flamingo's feed-forward network: x + scale * down(GELU(up(norm(x)))).
#pragma once

#include <cstdint>
#include <string>

#include "agent/fused/linear.h"
#include "agent/fused/rows.h"
#include "agent/fused/weights.h"

namespace deerbench::fused {

struct FeedForward {
  FeedForward() = default;
  FeedForward(const std::string& prefix, int width, int mult, double eps, WeightReader& weights)
      : norm(weights.ReadNorm(prefix + ".0", width, true, eps)),
        up(weights.ReadLinear(prefix + ".1", mult * width, width, false)),
        down(weights.ReadLinear(prefix + ".3", width, mult * width, false)) {}

  // In place; `normed` and `hidden` are scratch for as many rows.
  void Run(Matrix& x, int rows, float scale, Matrix& normed, Matrix& hidden, Workers* workers) const {
    norm.Apply(x, rows, normed);
    Multiply(normed, rows, up, hidden, {}, workers);
    Gelu(hidden, rows, workers);
    Multiply(hidden, rows, down, x, {.residual = x.row(0), .scale = scale}, workers);
  }
  uint64_t macs(int rows) const { return uint64_t{2} * rows * up.in() * up.out(); }
  size_t bytes() const { return norm.bytes() + up.bytes() + down.bytes(); }

  LayerNorm norm;
  PackedWeights up, down;
};

}  // namespace deerbench::fused
