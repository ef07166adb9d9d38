// What happens to whole rows between two products.
#pragma once

#include <span>

#include "agent/fused/matrix.h"
#include "agent/fused/workers.h"

namespace deerbench::fused {

// Layer norm over the last dimension; the bias may be all zero.
class LayerNorm {
 public:
  LayerNorm() = default;
  LayerNorm(std::span<const float> weight, std::span<const float> bias, double eps);

  // y_i = (x_i - mean) / sqrt(variance + eps) * weight + bias, rows `stride`s apart; y may be x. Columns
  // behind the width, up to whole vectors, get zeros.
  void Apply(const float* x, int x_stride, int rows, float* y, int y_stride) const;
  void Apply(const Matrix& x, int rows, Matrix& y) const {
    Apply(x.row(0), x.stride(), rows, y.row(0), y.stride());
  }
  int width() const { return width_; }
  size_t bytes() const { return (weight_.size() + bias_.size()) * sizeof(float); }

 private:
  int width_ = 0;
  float eps_ = 0;
  Floats weight_, bias_;
};

// In place, whole vectors; those of the padding's zeros are zeros.
void Gelu(Matrix& x, int rows, Workers* workers = nullptr);
// CLIP's: x times sigmoid(1.702 x).
void QuickGelu(Matrix& x, int rows, Workers* workers = nullptr);

// Largest value of each column over the rows.
void MaxPool(const Matrix& x, int rows, float* y);

}  // namespace deerbench::fused
