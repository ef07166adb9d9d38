#include "agent/fused/rows.h"

#include <algorithm>
#include <cmath>

#include "agent/fused/simd.h"

namespace deerbench::fused {

LayerNorm::LayerNorm(std::span<const float> weight, std::span<const float> bias, double eps)
    : width_(static_cast<int>(weight.size())),
      eps_(static_cast<float>(eps)),
      weight_(RoundUp(width_, kLanes)),
      bias_(RoundUp(width_, kLanes)) {
  std::copy(weight.begin(), weight.end(), weight_.data());
  std::copy(bias.begin(), bias.end(), bias_.data());
}

void LayerNorm::Apply(const float* x, int x_stride, int rows, float* y, int y_stride) const {
  const int whole = width_ / kLanes * kLanes, rest = width_ - whole;
  const float inverse_width = 1.0f / static_cast<float>(width_);
  for (int row = 0; row < rows; ++row, x += x_stride, y += y_stride) {
    F8 sum = LoadFirst(x + whole, rest);
    for (int i = 0; i < whole; i += kLanes) sum = _mm256_add_ps(sum, Load(x + i));
    const F8 mean = Splat(Sum(sum) * inverse_width);
    F8 square =
        _mm256_and_ps(_mm256_sub_ps(LoadFirst(x + whole, rest), mean), _mm256_castsi256_ps(FirstLanes(rest)));
    square = _mm256_mul_ps(square, square);
    for (int i = 0; i < whole; i += kLanes) {
      const F8 d = _mm256_sub_ps(Load(x + i), mean);
      square = MulAdd(d, d, square);
    }
    const F8 scale = Splat(1.0f / std::sqrt(Sum(square) * inverse_width + eps_));
    for (int i = 0; i < whole + (rest ? kLanes : 0); i += kLanes) {
      const F8 value = i < whole ? Load(x + i) : LoadFirst(x + i, rest);
      const F8 normal = _mm256_mul_ps(_mm256_sub_ps(value, mean), scale);
      Store(y + i, MulAdd(normal, Load(weight_.data() + i), Load(bias_.data() + i)));
    }
  }
}

namespace {

// In pieces that are worth a worker's while.
template <class Function>
void Map(Matrix& x, int rows, Workers* workers, const Function& function) {
  constexpr int kPiece = 1 << 16;
  float* p = x.row(0);
  const int count = rows * x.stride();
  ForEach(count > kPiece ? workers : nullptr, (count + kPiece - 1) / kPiece, [&](int piece) {
    const int end = std::min(count, (piece + 1) * kPiece);
    for (int i = piece * kPiece; i < end; i += kLanes) Store(p + i, function(Load(p + i)));
  });
}

}  // namespace

void Gelu(Matrix& x, int rows, Workers* workers) {
  Map(x, rows, workers, [](F8 v) { return Gelu(v); });
}

void QuickGelu(Matrix& x, int rows, Workers* workers) {
  Map(x, rows, workers, [](F8 v) { return _mm256_mul_ps(v, Sigmoid(_mm256_mul_ps(v, Splat(1.702f)))); });
}

void MaxPool(const Matrix& x, int rows, float* y) {
  for (int i = 0; i < x.stride(); i += kLanes) {
    F8 most = Load(x.row(0) + i);
    for (int row = 1; row < rows; ++row) most = _mm256_max_ps(most, Load(x.row(row) + i));
    Store(y + i, most);
  }
}

}  // namespace deerbench::fused
