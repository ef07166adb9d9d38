#include "agent/fused/linear.h"

#include <algorithm>

#include "agent/fused/blocked.h"
#include "agent/fused/tile.h"

namespace deerbench::fused {
namespace {

[[gnu::always_inline]] inline F8 Finish(F8 sum, const Epilogue& e, const float* residual) {
  if (e.relu) sum = _mm256_max_ps(sum, _mm256_setzero_ps());
  return residual ? MulAdd(Splat(e.scale), sum, Load(residual)) : sum;
}

constexpr int kTogether = 4;               // panels
constexpr int kTask = 4 * kTogether;       // panels that a worker takes at once
constexpr int64_t kWorthSharing = 200000;  // multiplications: several times what handing them over takes
constexpr int kSmallIn = 512;              // up to so many inputs a panel stays in the first caches by itself

// One row and panels `begin` to `end` - 1: four at a time, so that enough sums are under way to hide the
// latency of each.
void MultiplyRow(const float* x, const PackedWeights& w, float* y, const Epilogue& e, int begin, int end) {
  const int out = RoundUp(w.out(), kLanes);
  for (int first = begin; first < end; first += kTogether) {
    const int count = std::min(kTogether, end - first);
    F8 acc[kTogether][2];
    const float* panel[kTogether];
    for (int p = 0; p < kTogether; ++p) {  // beyond the last panel: that one again, its result unused
      const int index = std::min(first + p, w.panels() - 1);
      panel[p] = w.float_panel(index);
      acc[p][0] = Load(w.bias() + index * kPanel);
      acc[p][1] = Load(w.bias() + index * kPanel + 8);
    }
    if (count == kTogether) {
      for (int k = 0; k < w.in(); ++k) {
        const F8 v = _mm256_broadcast_ss(x + k);
#pragma GCC unroll 4
        for (int p = 0; p < kTogether; ++p) {
          acc[p][0] = MulAdd(v, Load(panel[p] + k * kPanel), acc[p][0]);
          acc[p][1] = MulAdd(v, Load(panel[p] + k * kPanel + 8), acc[p][1]);
        }
      }
    } else {
      for (int p = 0; p < count; ++p) {
        F8 one[1][2] = {{acc[p][0], acc[p][1]}};
        AccumulateTile<1>(x, 0, 1, w.in(), panel[p], kPanel, one);
        acc[p][0] = one[0][0], acc[p][1] = one[0][1];
      }
    }
    for (int p = 0; p < count; ++p) {
      const int column = (first + p) * kPanel;
      for (int half = 0; half < 2 && column + half * 8 < out; ++half) {
        const int at = column + half * 8;
        Store(y + at, Finish(acc[p][half], e, e.residual ? e.residual + at : nullptr));
      }
    }
  }
}

// Some rows and panels `begin` to `end` - 1.
void MultiplyRows(const float* x, int x_stride, int rows, const PackedWeights& w, float* y, int y_stride,
                  const Epilogue& e, int begin, int end) {
  const int out = RoundUp(w.out(), kLanes);
  for (int p = begin; p < end; ++p) {
    const int column = p * kPanel;
    const bool both = column + 8 < out;
    const F8 b0 = Load(w.bias() + column), b1 = Load(w.bias() + column + 8);
    ForRowBlocks(rows, [&]<int R>(int row) {
      F8 acc[R][2];
      for (int r = 0; r < R; ++r) acc[r][0] = b0, acc[r][1] = b1;
      AccumulateTile<R>(x + static_cast<ptrdiff_t>(row) * x_stride, x_stride, 1, w.in(), w.float_panel(p),
                        kPanel, acc);
#pragma GCC unroll 6
      for (int r = 0; r < R; ++r) {
        const ptrdiff_t at = static_cast<ptrdiff_t>(row + r) * y_stride + column;
        Store(y + at, Finish(acc[r][0], e, e.residual ? e.residual + at : nullptr));
        if (both) Store(y + at + 8, Finish(acc[r][1], e, e.residual ? e.residual + at + 8 : nullptr));
      }
    });
  }
}

}  // namespace

void Multiply(const float* x, int x_stride, int rows, const PackedWeights& w, float* y, int y_stride,
              const Epilogue& e, Workers* workers) {
  if (w.type() != WeightType::kFloat32 || (rows > 1 && w.in() > kSmallIn))
    return MultiplyBlocked(x, x_stride, rows, w, y, y_stride, e, workers);
  if (rows == 1) {
    return ForEach(workers, (w.panels() + kTask - 1) / kTask, [&](int task) {
      MultiplyRow(x, w, y, e, task * kTask, std::min(w.panels(), (task + 1) * kTask));
    });
  }
  const auto run = [&](int begin, int end) {
    MultiplyRows(x, x_stride, rows, w, y, y_stride, e, begin, end);
  };
  const int threads = workers != nullptr ? workers->threads() : 1;
  if (threads == 1 || int64_t{rows} * w.in() * w.out() < kWorthSharing) return run(0, w.panels());
  const int share = (w.panels() + threads - 1) / threads;
  workers->Run(threads, [&](int task) {
    run(std::min(w.panels(), task * share), std::min(w.panels(), (task + 1) * share));
  });
}

}  // namespace deerbench::fused
