#include "agent/fused/blocked.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "agent/fused/simd.h"
#include "agent/fused/tiles.h"

namespace deerbench::fused {
namespace {

constexpr int kTogether = 8;  // panels of a task
// Inputs that are 8 KiB of a panel as the inner loops take them: with the rows and the next block, which is
// on its way, they fit the first cache.
constexpr int kFloatBlock = 128, kIntBlock = 256;
constexpr int kFewRows = 64;  // up to here reading the weights takes about as long as multiplying
static_assert(kSums == kTogether * kPanel);

// Activations in the order in which the inner loops take them: for each block of rows, unit by unit, the
// rows' words of 32 bits. A unit is an input, or two inputs as 16-bit integers.
struct Activations {
  Array<uint8_t> words;
  Floats scales;  // a row's, what one of its integers is worth
  int units = 0;

  template <class Word>
  Word* block(int first_row) {
    return reinterpret_cast<Word*>(words.data()) + static_cast<ptrdiff_t>(first_row) * units;
  }
  template <class Word>
  const Word* block(int first_row) const {
    return const_cast<Activations*>(this)->block<Word>(first_row);
  }
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

// Rows in blocks as even as at most `most` rows allow.
struct RowBlocks {
  int rows, count;
  RowBlocks(int all_rows, int most) : rows(all_rows), count((all_rows + most - 1) / most) {}
  int first(int block) const { return static_cast<int>(int64_t{rows} * block / count); }
  int size(int block) const { return first(block + 1) - first(block); }
};

void Arrange(const float* x, int x_stride, const RowBlocks& blocks, const PackedWeights& w, Workers* workers,
             Activations& to) {
  const int padded = w.padded_in();
  to.units = w.integer() ? padded / 2 : w.in();
  to.words.Reserve(size_t{4} * blocks.rows * to.units);
  to.scales.Reserve(blocks.rows);
  ForEach(blocks.count > 1 ? workers : nullptr, blocks.count, [&](int b) {
    thread_local Array<int16_t> rounded;
    const int first = blocks.first(b), count = blocks.size(b);
    for (int r = 0; r < count; ++r) {
      const float* row = x + static_cast<ptrdiff_t>(first + r) * x_stride;
      if (w.integer()) {
        rounded.Reserve(padded);
        RoundRow(row, w.in(), padded, rounded.data(), to.scales[first + r]);
        int32_t* word = to.block<int32_t>(first) + r;
        for (int u = 0; u < to.units; ++u)
          std::memcpy(word + static_cast<ptrdiff_t>(u) * count, &rounded[2 * u], 4);
      } else {
        float* word = to.block<float>(first) + r;
        for (int u = 0; u < to.units; ++u) word[static_cast<ptrdiff_t>(u) * count] = row[u];
      }
    }
  });
}

// One task: the product's columns 128 * task onwards.
struct Product {
  const Tiles& tiles;
  const RowBlocks& blocks;
  const Activations& x;
  const PackedWeights& w;
  float* y;
  int y_stride;
  const Epilogue& e;

  void RunBlock(int p, int begin, int end, float* sums, void* decoded) const {
    const uint8_t* from = w.panel(p) + w.PanelBytes(begin);
    // Each block of rows asks for its share of the panel's next block of inputs.
    const int steps = std::max((end - begin) / 16, 1);
    const int lines =
        blocks.rows > kFewRows ? 0 : static_cast<int>(w.PanelBytes(end - begin) / 64 / blocks.count + 1);
    const uint8_t* next = from + w.PanelBytes(end - begin);
    const auto ahead = [&](int b) {
      const uint8_t* at = next + ptrdiff_t{64} * lines * b;
      return Ahead{at, at + ptrdiff_t{64} * lines, ptrdiff_t{64} * ((lines + steps - 1) / steps)};
    };
    if (w.integer()) {
      auto* pairs = static_cast<int16_t*>(decoded);
      const int groups = (end - begin) / w.group();
      const float* scales = w.scales(p) + static_cast<ptrdiff_t>(begin / w.group()) * kPanel;
      const bool first_decodes = w.type() == WeightType::kInt8 && tiles.bytes != nullptr;
      if (!first_decodes) DecodeIntegers(w.type(), from, end - begin, pairs);
      for (int b = 0; b < blocks.count; ++b) {
        const int row = blocks.first(b), count = blocks.size(b);
        const int32_t* words = x.block<int32_t>(row) + static_cast<ptrdiff_t>(begin / 2) * count;
        if (b == 0 && first_decodes) {
          tiles.bytes[count - 1](words, groups, w.group(), from, pairs, scales, sums + row * kSums, ahead(b));
        } else {
          tiles.integers[count - 1](words, groups, w.group(), pairs, scales, sums + row * kSums, ahead(b));
        }
      }
      return;
    }
    const HalfTile* decoding = w.type() == WeightType::kBFloat16  ? tiles.bfloats
                               : w.type() == WeightType::kFloat16 ? tiles.float16s
                                                                  : nullptr;
    const float* floats = reinterpret_cast<const float*>(from);
    if (w.type() != WeightType::kFloat32) {
      if (decoding == nullptr) DecodeFloats(w.type(), from, end - begin, static_cast<float*>(decoded));
      floats = static_cast<const float*>(decoded);
    }
    for (int b = 0; b < blocks.count; ++b) {
      const int row = blocks.first(b), count = blocks.size(b);
      const float* values = x.block<float>(row) + static_cast<ptrdiff_t>(begin) * count;
      if (b == 0 && decoding != nullptr) {
        decoding[count - 1](values, end - begin, reinterpret_cast<const uint16_t*>(from),
                            static_cast<float*>(decoded), sums + row * kSums, ahead(b));
      } else {
        tiles.floats[count - 1](values, end - begin, floats, sums + row * kSums, ahead(b));
      }
    }
  }

  void RunTask(int task) const {
    const int rows = blocks.rows;
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
    for (int r = 0; r < blocks.rows; ++r) {
      const ptrdiff_t at = static_cast<ptrdiff_t>(r) * y_stride + first_column;
      for (int column = 0; column < columns; column += kLanes) {
        F8 sum = Load(sums + r * kSums + column);
        if (w.integer()) sum = MulAdd(sum, Splat(x.scales[r]), Load(w.bias() + first_column + column));
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
  thread_local Activations arranged;
  const Tiles& tiles = BestTiles();
  const RowBlocks blocks(rows, tiles.max_rows);
  Arrange(x, x_stride, blocks, w, workers, arranged);
  const Product product{tiles, blocks, arranged, w, y, y_stride, e};
  ForEach(workers, (w.panels() + kTogether - 1) / kTogether, [&](int task) { product.RunTask(task); });
}

}  // namespace deerbench::fused
