#include "agent/fused/blocked.h"

#include <algorithm>
#include <cmath>

#include "agent/fused/simd.h"
#include "agent/fused/tiles.h"

namespace deerbench::fused {
namespace {

constexpr int kTogether = 8;  // panels of a task
constexpr int kFloatBlock =
    128;  // inputs that are 8 KiB of a panel in the form that the inner loops take: with
constexpr int kIntBlock = 256;  // the rows and the next block on its way it fits the first cache
constexpr int kFewRows = 64;    // up to here reading the weights takes about as long as multiplying
static_assert(kSums == kTogether * kPanel);

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

// Rows in blocks as even as at most `most` rows allow: body(block, its first row, its rows).
template <class Body>
void ForBlocks(int rows, int most, const Body& body) {
  const int blocks = (rows + most - 1) / most;
  for (int b = 0, row = 0; b < blocks; ++b) {
    const int count = (rows - row + blocks - b - 1) / (blocks - b);
    body(b, row, count);
    row += count;
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
    const Tiles& tiles = BestTiles();
    const uint8_t* from = w.panel(p) + w.PanelBytes(begin);
    // Each block of rows asks for its share of the panel's next block of inputs.
    const int blocks = (rows + tiles.max_rows - 1) / tiles.max_rows, steps = std::max((end - begin) / 16, 1);
    const int lines = rows > kFewRows ? 0 : static_cast<int>(w.PanelBytes(end - begin) / 64 / blocks + 1);
    const uint8_t* next = from + w.PanelBytes(end - begin);
    const auto ahead = [&](int b) {
      const uint8_t* at = next + ptrdiff_t{64} * lines * b;
      return Ahead{at, at + ptrdiff_t{64} * lines, ptrdiff_t{64} * ((lines + steps - 1) / steps)};
    };
    if (w.integer()) {
      auto* pairs = static_cast<int16_t*>(decoded);
      DecodeIntegers(w.type(), from, end - begin, pairs);
      ForBlocks(rows, tiles.max_rows, [&](int b, int row, int count) {
        tiles.integers[count - 1](
            rounded->values.data() + static_cast<ptrdiff_t>(row) * rounded->stride + begin, rounded->stride,
            (end - begin) / w.group(), w.group(), pairs,
            w.scales(p) + static_cast<ptrdiff_t>(begin / w.group()) * kPanel, sums + row * kSums, ahead(b));
      });
      return;
    }
    const float* floats = reinterpret_cast<const float*>(from);
    if (w.type() != WeightType::kFloat32) {
      DecodeFloats(w.type(), from, end - begin, static_cast<float*>(decoded));
      floats = static_cast<const float*>(decoded);
    }
    ForBlocks(rows, tiles.max_rows, [&](int b, int row, int count) {
      tiles.floats[count - 1](x + static_cast<ptrdiff_t>(row) * x_stride + begin, x_stride, end - begin,
                              floats, sums + row * kSums, ahead(b));
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
