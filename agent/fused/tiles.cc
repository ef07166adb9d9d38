#include "agent/fused/tiles.h"

#include "agent/fused/matrix.h"
#include "agent/fused/packed_weights.h"
#include "agent/fused/tile.h"

namespace deerbench::fused {
namespace {

constexpr int kStep = 16;  // inputs between two prefetches
static_assert(kPanel == 16);

[[gnu::always_inline]] inline void Prefetch(Ahead& ahead) {
  if (ahead.at >= ahead.end) return;
  for (ptrdiff_t i = 0; i < ahead.per_step; i += 64) _mm_prefetch(ahead.at + i, _MM_HINT_T0);
  ahead.at += ahead.per_step;
}

template <int R>
void FloatRows(const float* x, int inputs, const float* w, float* sums, Ahead ahead) {
  F8 acc[R][2];
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) acc[r][0] = Load(sums + r * kSums), acc[r][1] = Load(sums + r * kSums + 8);
  for (int k = 0; k < inputs; k += kStep) {
    Prefetch(ahead);
    AccumulateTile<R>(x + k * R, 1, R, std::min(kStep, inputs - k), w + k * kPanel, kPanel, acc);
  }
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) Store(sums + r * kSums, acc[r][0]), Store(sums + r * kSums + 8, acc[r][1]);
}

template <int R, F8 (*Convert)(__m128i)>
void HalfRows(const float* x, int inputs, const uint16_t* halves, float* decoded, float* sums, Ahead ahead) {
  F8 acc[R][2];
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) acc[r][0] = Load(sums + r * kSums), acc[r][1] = Load(sums + r * kSums + 8);
  for (int k = 0; k < inputs; k += kStep) {
    Prefetch(ahead);
    for (int end = std::min(inputs, k + kStep), i = k; i < end; ++i) {
      const F8 w0 = Convert(_mm_load_si128(reinterpret_cast<const __m128i*>(halves)));
      const F8 w1 = Convert(_mm_load_si128(reinterpret_cast<const __m128i*>(halves + kLanes)));
      Store(decoded, w0), Store(decoded + kLanes, w1);
#pragma GCC unroll 6
      for (int r = 0; r < R; ++r) {
        const F8 value = _mm256_broadcast_ss(x + r);
        acc[r][0] = MulAdd(value, w0, acc[r][0]);
        acc[r][1] = MulAdd(value, w1, acc[r][1]);
      }
      halves += kPanel;
      decoded += kPanel;
      x += R;
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) Store(sums + r * kSums, acc[r][0]), Store(sums + r * kSums + 8, acc[r][1]);
}

// Where a pair of inputs' weights come from: 16-bit integers, or bytes that become such on the way.
struct Decoded {
  const int16_t* from;

  [[gnu::always_inline]] void Next(__m256i& w0, __m256i& w1) {
    w0 = _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
    w1 = _mm256_load_si256(reinterpret_cast<const __m256i*>(from + kPanel));
    from += 2 * kPanel;
  }
};
struct Bytes {
  const uint8_t* from;
  int16_t* to;

  [[gnu::always_inline]] void Next(__m256i& w0, __m256i& w1) {
    w0 = _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(from)));
    w1 = _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(from + kPanel)));
    _mm256_store_si256(reinterpret_cast<__m256i*>(to), w0);
    _mm256_store_si256(reinterpret_cast<__m256i*>(to + kPanel), w1);
    from += 2 * kPanel;
    to += 2 * kPanel;
  }
};

template <int R, class Weights>
[[gnu::always_inline]] inline void SumGroups(const int32_t* x, int groups, int group, Weights weights,
                                             const float* scales, float* sums, Ahead ahead) {
  for (int g = 0; g < groups; ++g) {
    __m256i acc[R][2];
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) acc[r][0] = acc[r][1] = _mm256_setzero_si256();
    for (int k = 0; k < group; k += kStep) {
      Prefetch(ahead);
      // Unrolled, the compiler would add all pairs' products first, which it has no registers for.
#pragma GCC unroll 1
      for (int pair = 0; pair < kStep / 2; ++pair) {
        __m256i w0, w1;
        weights.Next(w0, w1);
#pragma GCC unroll 6
        for (int r = 0; r < R; ++r) {
          const __m256i two = _mm256_set1_epi32(x[r]);
          acc[r][0] = _mm256_add_epi32(acc[r][0], _mm256_madd_epi16(two, w0));
          acc[r][1] = _mm256_add_epi32(acc[r][1], _mm256_madd_epi16(two, w1));
        }
        x += R;
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

template <int R>
void IntRows(const int32_t* x, int groups, int group, const int16_t* w, const float* scales, float* sums,
             Ahead ahead) {
  SumGroups<R>(x, groups, group, Decoded{w}, scales, sums, ahead);
}

template <int R>
void ByteRows(const int32_t* x, int groups, int group, const uint8_t* bytes, int16_t* decoded,
              const float* scales, float* sums, Ahead ahead) {
  SumGroups<R>(x, groups, group, Bytes{bytes, decoded}, scales, sums, ahead);
}

constexpr FloatTile kFloats[kMaxTileRows] = {FloatRows<1>, FloatRows<2>, FloatRows<3>,
                                             FloatRows<4>, FloatRows<5>, FloatRows<6>};
constexpr IntTile kIntegers[kMaxTileRows] = {IntRows<1>, IntRows<2>, IntRows<3>,
                                             IntRows<4>, IntRows<5>, IntRows<6>};
constexpr ByteTile kBytes[kMaxTileRows] = {ByteRows<1>, ByteRows<2>, ByteRows<3>,
                                           ByteRows<4>, ByteRows<5>, ByteRows<6>};
template <F8 (*Convert)(__m128i)>
constexpr HalfTile kHalves[kMaxTileRows] = {HalfRows<1, Convert>, HalfRows<2, Convert>, HalfRows<3, Convert>,
                                            HalfRows<4, Convert>, HalfRows<5, Convert>, HalfRows<6, Convert>};

bool HasAvx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

const Tiles*& Chosen() {
  static const Tiles* tiles = HasAvx512() ? &Avx512Tiles() : &Avx2Tiles();
  return tiles;
}

}  // namespace

const Tiles& Avx2Tiles() {
  static constexpr Tiles kTiles{
      "AVX2", kMaxTileRows, kFloats, kIntegers, kBytes, kHalves<FromBFloat16>, kHalves<FromFloat16>};
  return kTiles;
}

const Tiles& BestTiles() { return *Chosen(); }

void UseTiles(const Tiles& tiles) { Chosen() = &tiles; }

}  // namespace deerbench::fused
