// The product of linear.h for weights that do not fit the processor's first caches, or must be decoded.
#pragma once

#include "agent/fused/linear.h"

namespace deerbench::fused {

void MultiplyBlocked(const float* x, int x_stride, int rows, const PackedWeights& weights, float* y,
                     int y_stride, const Epilogue& epilogue, Workers* workers);

}  // namespace deerbench::fused
