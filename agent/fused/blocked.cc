#include "agent/fused/blocked.h"

#include <algorithm>
#include <cmath>

#include "agent/fused/tile.h"

namespace deerbench::fused {
namespace {

constexpr int kTogether = 8;      // panels of a task
constexpr int kFloatBlock = 256;  // inputs that are 16 KiB of a panel in the form that the inner loops take:
constexpr int kIntBlock = 512;    // half of the first cache
constexpr int kFewRows = 64;      // up to here reading the weights takes about as long as multiplying
constexpr int kSums = kTogether * kPanel;  // columns of a task

// Activations of integer products: rows of 16-bit integers and what one of them is worth.
struct Rounded {
  Array<int16_t> values;
  Floats scales;
  int stride = 0;
};

void RoundRow(const float* x, int in, int padded, int16_t* to, float& scale) {
  const F8 sign = Splat(-0.0f);
  const int whole = in / kLanes * kLanes, rest = in - whole;
  F8 most = _mm256_andnot_ps(sign, LoadFirst(x + whole, rest));
  for (int i = 0; i < whole; i += kLanes) most = _mm256_max_ps(most, _mm256_andnot_ps(sign, Load(x + i)));
  const float top = Max(most);
  scale = top / 32767;
  const F8 inverse = Splat(top > 0 ? 32767 / top : 0);
  const auto convert = [&](F8 v) {
    const __m256i wide = _mm256_cvtps_epi32(_mm256_mul_ps(v, inverse));
    const __m256i narrow = _mm256_permute4x64_epi64(_mm256_packs_epi32(wide, wide), 0x08);
    return _mm256_castsi256_si128(narrow);
  };
  for (int i = 0; i < whole; i += kLanes)
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), convert(Load(x + i)));
  std::fill(to + whole, to + padded, int16_t{0});
  if (rest > 0) _mm_storeu_si128(reinterpret_cast<__m128i*>(to + whole), convert(LoadFirst(x + whole, rest)));
}

void RoundRows(const float* x, int x_stride, int rows, const PackedWeights& w, Workers* workers,
               Rounded& to) {
  const int padded = w.padded_in();
  to.stride = padded + (padded % 2048 == 0 ? 32 : 0);  // not whole pages, as Matrix
  to.values.Reserve(static_cast<size_t>(rows) * to.stride);
  to.scales.Reserve(rows);
  const int chunk = 16;
  ForEach(rows > chunk ? workers : nullptr, (rows + chunk - 1) / chunk, [&](int task) {
    for (int r = task * chunk; r < std::min(rows, (task + 1) * chunk); ++r)
      RoundRow(x + static_cast<ptrdiff_t>(r) * x_stride, w.in(), padded,
               to.values.data() + static_cast<ptrdiff_t>(r) * to.stride, to.scales[r]);
  });
}

// Asks for `lines` cache lines from `at` on, spread over `steps` steps.
class Prefetch {
 public:
  Prefetch(const uint8_t* at, int lines, int steps)
      : at_(at), end_(at + ptrdiff_t{64} * lines), step_((lines + steps - 1) / std::max(steps, 1) * 64) {}
  [[gnu::always_inline]] void Step() {
    if (at_ >= end_) return;
    for (ptrdiff_t i = 0; i < step_; i += 64) _mm_prefetch(at_ + i, _MM_HINT_T0);
    at_ += step_;
  }

 private:
  const uint8_t *at_, *end_;
  ptrdiff_t step_;
};

constexpr int kFloatStep = 16;  // inputs between two prefetches

// sums (R rows, 16 columns) += a block of inputs.
template <int R>
void FloatTile(const float* x, int x_stride, int inputs, const float* w, float* sums, Prefetch prefetch) {
  F8 acc[R][2];
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) acc[r][0] = Load(sums + r * kSums), acc[r][1] = Load(sums + r * kSums + 8);
  for (int k = 0; k < inputs; k += kFloatStep) {
    prefetch.Step();
    AccumulateTile<R>(x + k, x_stride, 1, std::min(kFloatStep, inputs - k), w + k * kPanel, kPanel, acc);
  }
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) Store(sums + r * kSums, acc[r][0]), Store(sums + r * kSums + 8, acc[r][1]);
}

// The same in integers, each group's sum (at most 128 * 127 * 32767, which 32 bits hold) scaled to floats.
template <int R>
void IntTile(const int16_t* x, int x_stride, int groups, int group, const int16_t* w, const float* scales,
             float* sums, Prefetch prefetch) {
  for (int g = 0; g < groups; ++g) {
    __m256i acc[R][2];
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) acc[r][0] = acc[r][1] = _mm256_setzero_si256();
    for (int k = 0; k < group; k += 16) {
      prefetch.Step();
      for (int pair = 0; pair < 8; ++pair) {
        const __m256i w0 = _mm256_load_si256(reinterpret_cast<const __m256i*>(w));
        const __m256i w1 = _mm256_load_si256(reinterpret_cast<const __m256i*>(w + 16));
#pragma GCC unroll 6
        for (int r = 0; r < R; ++r) {
          const __m256i two = _mm256_castps_si256(
              _mm256_broadcast_ss(reinterpret_cast<const float*>(x + static_cast<ptrdiff_t>(r) * x_stride)));
          acc[r][0] = _mm256_add_epi32(acc[r][0], _mm256_madd_epi16(two, w0));
          acc[r][1] = _mm256_add_epi32(acc[r][1], _mm256_madd_epi16(two, w1));
        }
        w += 2 * kPanel;
        x += 2;
      }
    }
    const F8 s0 = Load(scales + g * kPanel), s1 = Load(scales + g * kPanel + 8);
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) {
      float* to = sums + r * kSums;
      Store(to, MulAdd(_mm256_cvtepi32_ps(acc[r][0]), s0, Load(to)));
      Store(to + 8, MulAdd(_mm256_cvtepi32_ps(acc[r][1]), s1, Load(to + 8)));
    }
  }
}

// One task: the product's columns 128 * task onwards.
struct Product {
  const float* x;
  int x_stride, rows;
  const PackedWeights& w;
  float* y;
  int y_stride;
  const Epilogue& e;
  const Rounded* rounded;  // of integer types

  void RunBlock(int p, int begin, int end, float* sums, void* decoded) const {
    const uint8_t* from = w.panel(p) + w.PanelBytes(begin);
    const int blocks = (rows + kMaxTileRows - 1) / kMaxTileRows;
    const int lines = rows > kFewRows ? 0 : static_cast<int>(w.PanelBytes(end - begin) / 64 / blocks + 1);
    const uint8_t* next = from + w.PanelBytes(end - begin);
    const auto prefetch = [&](int row, int steps) {
      return Prefetch(next + ptrdiff_t{64} * lines * (row / kMaxTileRows), lines, steps);
    };
    if (w.integer()) {
      auto* pairs = static_cast<int16_t*>(decoded);
      DecodeIntegers(w.type(), from, end - begin, pairs);
      const int group = w.group();
      ForRowBlocks(rows, [&]<int R>(int row) {
        IntTile<R>(rounded->values.data() + static_cast<ptrdiff_t>(row) * rounded->stride + begin,
                   rounded->stride, (end - begin) / group, group, pairs,
                   w.scales(p) + static_cast<ptrdiff_t>(begin / group) * kPanel, sums + row * kSums,
                   prefetch(row, (end - begin) / 16));
      });
      return;
    }
    const float* floats = reinterpret_cast<const float*>(from);
    if (w.type() != WeightType::kFloat32) {
      DecodeFloats(w.type(), from, end - begin, static_cast<float*>(decoded));
      floats = static_cast<const float*>(decoded);
    }
    ForRowBlocks(rows, [&]<int R>(int row) {
      FloatTile<R>(x + static_cast<ptrdiff_t>(row) * x_stride + begin, x_stride, end - begin, floats,
                   sums + row * kSums, prefetch(row, (end - begin) / kFloatStep));
    });
  }

  void RunTask(int task) const {
    thread_local Floats sums_of_thread;
    alignas(64) float decoded[kFloatBlock * kPanel];
    sums_of_thread.Reserve(static_cast<size_t>(rows) * kSums);
    float* sums = sums_of_thread.data();
    const int first = task * kTogether, last = std::min(w.panels(), first + kTogether);
    const int columns = (last - first) * kPanel;
    for (int r = 0; r < rows; ++r) {
      if (w.integer()) {
        std::fill_n(sums + r * kSums, columns, 0.0f);
      } else {
        std::copy_n(w.bias() + first * kPanel, columns, sums + r * kSums);
      }
    }
    const int block = w.integer() ? kIntBlock : kFloatBlock, in = w.padded_in();
    const auto run = [&](int p, int begin) {
      RunBlock(p, begin, std::min(in, begin + block), sums + (p - first) * kPanel, decoded);
    };
    if (rows > kFewRows) {  // a block of inputs stays in the second cache for all panels
      for (int begin = 0; begin < in; begin += block) {
        for (int p = first; p < last; ++p) run(p, begin);
      }
    } else {  // weights are read in the order in which they lie
      for (int p = first; p < last; ++p) {
        for (int begin = 0; begin < in; begin += block) run(p, begin);
      }
    }
    Finish(first * kPanel, std::min(columns, RoundUp(w.out(), kLanes) - first * kPanel), sums);
  }

  void Finish(int first_column, int columns, const float* sums) const {
    const F8 scale = Splat(e.scale);
    for (int r = 0; r < rows; ++r) {
      const ptrdiff_t at = static_cast<ptrdiff_t>(r) * y_stride + first_column;
      for (int column = 0; column < columns; column += kLanes) {
        F8 sum = Load(sums + r * kSums + column);
        if (rounded != nullptr)
          sum = MulAdd(sum, Splat(rounded->scales[r]), Load(w.bias() + first_column + column));
        if (e.relu) sum = _mm256_max_ps(sum, _mm256_setzero_ps());
        if (e.residual != nullptr) sum = MulAdd(scale, sum, Load(e.residual + at + column));
        Store(y + at + column, sum);
      }
    }
  }
};

}  // namespace

void MultiplyBlocked(const float* x, int x_stride, int rows, const PackedWeights& w, float* y, int y_stride,
                     const Epilogue& e, Workers* workers) {
  thread_local Rounded rounded;
  if (w.integer()) RoundRows(x, x_stride, rows, w, workers, rounded);
  const Product product{x, x_stride, rows, w, y, y_stride, e, w.integer() ? &rounded : nullptr};
  ForEach(workers, (w.panels() + kTogether - 1) / kTogether, [&](int task) { product.RunTask(task); });
}

}  // namespace deerbench::fused
