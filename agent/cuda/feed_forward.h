// Flamingo's feed-forward network on the device: x + scale * down(GELU(up(norm(x)))).
#pragma once

#include <string>

#include "agent/cuda/device_weights.h"

namespace deerbench::cuda {

struct FeedForward {
  FeedForward() = default;
  FeedForward(const std::string& prefix, int width, int mult, double eps, DeviceWeights& weights)
      : norm(weights.ReadNorm(prefix + ".0", width, true, eps)),
        up(weights.ReadLinear(prefix + ".1", mult * width, width, false)),
        down(weights.ReadLinear(prefix + ".3", width, mult * width, false)) {}

  // In place; `normed` and `hidden` are scratch for as many rows.
  void Run(Queue& queue, const DeviceMatrix& x, int rows, float scale, const DeviceMatrix& normed,
           const DeviceMatrix& hidden) const {
    queue.Run(Normalise(x, rows, norm, normed));
    queue.Run(Product(normed, rows, up, hidden, {.activation = Activation::kGelu}));
    queue.Run(Product(hidden, rows, down, x, {.residual = x.data, .scale = scale}));
  }

  DeviceNorm norm;
  DeviceLinear up, down;
};

}  // namespace deerbench::cuda
