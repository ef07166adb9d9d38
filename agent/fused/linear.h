// Matrix products with few rows: y = x W' + b, the weights packed once in the order in which they are read.
#pragma once

#include <span>

#include "agent/fused/matrix.h"

namespace deerbench::fused {

inline constexpr int kPanel = 16;  // outputs computed together

// W (out, in), row-major as checkpoints hold it, as panels of 16 outputs: panel p holds for each input the 16
// weights of outputs 16 p to 16 p + 15, zero behind the last output.
class PackedWeights {
 public:
  PackedWeights() = default;
  PackedWeights(std::span<const float> weights, int out, int in, std::span<const float> bias = {});

  int out() const { return out_; }
  int in() const { return in_; }
  int panels() const { return (out_ + kPanel - 1) / kPanel; }
  const float* panel(int p) const { return weights_.data() + static_cast<size_t>(p) * in_ * kPanel; }
  const float* bias() const { return bias_.data(); }  // 16 * panels(), zero where there is none
  size_t bytes() const { return (weights_.size() + bias_.size()) * sizeof(float); }

 private:
  int out_ = 0, in_ = 0;
  Floats weights_, bias_;
};

struct Epilogue {
  bool relu = false;
  const float* residual = nullptr;  // y = residual + scale * (x W' + b), rows as y's; may be y itself
  float scale = 1;
};

// y_i = x_i W' + b for `rows` rows, `x_stride` and `y_stride` floats apart. y is written up to out() rounded
// up to 8 columns, the columns behind out() with zeros (plus the residual's zeros).
void Multiply(const float* x, int x_stride, int rows, const PackedWeights& weights, float* y, int y_stride,
              const Epilogue& epilogue = {});

inline void Multiply(const Matrix& x, int rows, const PackedWeights& weights, Matrix& y,
                     const Epilogue& epilogue = {}) {
  Multiply(x.row(0), x.stride(), rows, weights, y.row(0), y.stride(), epilogue);
}

}  // namespace deerbench::fused
