// Matrix products y = x W' + b with weights that were packed once.
#pragma once

#include "agent/fused/matrix.h"
#include "agent/fused/packed_weights.h"
#include "agent/fused/workers.h"

namespace deerbench::fused {

struct Epilogue {
  bool relu = false;
  const float* residual = nullptr;  // y = residual + scale * (x W' + b), rows as y's; may be y itself
  float scale = 1;
};

// y_i = x_i W' + b for `rows` rows, `x_stride` and `y_stride` floats apart. y is written up to out() rounded
// up to 8 columns, the columns behind out() with zeros (plus the residual's zeros). Neither the number of
// rows nor of workers changes a bit of the result. Weights of integer type multiply rows rounded to 16 bits.
void Multiply(const float* x, int x_stride, int rows, const PackedWeights& weights, float* y, int y_stride,
              const Epilogue& epilogue = {}, Workers* workers = nullptr);

inline void Multiply(const Matrix& x, int rows, const PackedWeights& weights, Matrix& y,
                     const Epilogue& epilogue = {}, Workers* workers = nullptr) {
  Multiply(x.row(0), x.stride(), rows, weights, y.row(0), y.stride(), epilogue, workers);
}

}  // namespace deerbench::fused
