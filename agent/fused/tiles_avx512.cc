// Compiled for AVX-512 and only called where the processor has it, so it includes no header whose inline
// functions the linker could take from here for everybody.
#include <immintrin.h>

#include "agent/fused/tiles.h"

namespace deerbench::fused {
namespace {

constexpr int kPanel = 16, kStep = 16;

[[gnu::always_inline]] inline void Prefetch(Ahead& ahead) {
  if (ahead.at >= ahead.end) return;
  for (ptrdiff_t i = 0; i < ahead.per_step; i += 64) _mm_prefetch(ahead.at + i, _MM_HINT_T0);
  ahead.at += ahead.per_step;
}

template <int R>
void FloatRows(const float* x, int inputs, const float* w, float* sums, Ahead ahead) {
  __m512 acc[R];
#pragma GCC unroll 14
  for (int r = 0; r < R; ++r) acc[r] = _mm512_loadu_ps(sums + r * kSums);
  const auto one = [&]() __attribute__((always_inline)) {
    const __m512 weights = _mm512_loadu_ps(w);
#pragma GCC unroll 14
    for (int r = 0; r < R; ++r) acc[r] = _mm512_fmadd_ps(_mm512_set1_ps(x[r]), weights, acc[r]);
    x += R;
    w += kPanel;
  };
  int k = 0;
  for (; k + kStep <= inputs; k += kStep) {
    Prefetch(ahead);
    for (int i = 0; i < kStep; ++i) one();
  }
  for (; k < inputs; ++k) one();
#pragma GCC unroll 14
  for (int r = 0; r < R; ++r) _mm512_storeu_ps(sums + r * kSums, acc[r]);
}

template <int R>
void IntRows(const int32_t* x, int groups, int group, const int16_t* w, const float* scales, float* sums,
             Ahead ahead) {
  for (int g = 0; g < groups; ++g) {
    __m512i acc[R];
#pragma GCC unroll 14
    for (int r = 0; r < R; ++r) acc[r] = _mm512_setzero_si512();
    for (int k = 0; k < group; k += kStep) {
      Prefetch(ahead);
      for (int pair = 0; pair < kStep / 2; ++pair) {
        const __m512i weights = _mm512_loadu_si512(w);
#pragma GCC unroll 14
        for (int r = 0; r < R; ++r) acc[r] = _mm512_dpwssd_epi32(acc[r], _mm512_set1_epi32(x[r]), weights);
        w += 2 * kPanel;
        x += R;
      }
    }
    const __m512 scale = _mm512_loadu_ps(scales + g * kPanel);
#pragma GCC unroll 14
    for (int r = 0; r < R; ++r) {
      float* to = sums + r * kSums;
      _mm512_storeu_ps(to, _mm512_fmadd_ps(_mm512_cvtepi32_ps(acc[r]), scale, _mm512_loadu_ps(to)));
    }
  }
}

// 14 sums, the weights and what a compiler wants leave registers free; more rows would read no weights less
// often for the 13 tokens of a sentence.
constexpr int kRows = 14;
constexpr FloatTile kFloats[kRows] = {
    FloatRows<1>, FloatRows<2>, FloatRows<3>,  FloatRows<4>,  FloatRows<5>,  FloatRows<6>,  FloatRows<7>,
    FloatRows<8>, FloatRows<9>, FloatRows<10>, FloatRows<11>, FloatRows<12>, FloatRows<13>, FloatRows<14>};
constexpr IntTile kIntegers[kRows] = {IntRows<1>,  IntRows<2>,  IntRows<3>,  IntRows<4>, IntRows<5>,
                                      IntRows<6>,  IntRows<7>,  IntRows<8>,  IntRows<9>, IntRows<10>,
                                      IntRows<11>, IntRows<12>, IntRows<13>, IntRows<14>};

}  // namespace

const Tiles& Avx512Tiles() {
  static constexpr Tiles kTiles{"AVX-512", kRows, kFloats, kIntegers, nullptr, nullptr, nullptr};
  return kTiles;
}

}  // namespace deerbench::fused
