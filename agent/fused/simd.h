// Eight floats at once, and the few functions of them that a network needs. Every one is built from
// operations that IEEE 754 rounds exactly (fused multiply-add, division, square root), so all processors with
// AVX2 and FMA agree in every bit.
#pragma once

#include <immintrin.h>

namespace deerbench::fused {

using F8 = __m256;
inline constexpr int kLanes = 8;

inline F8 Splat(float value) { return _mm256_set1_ps(value); }
inline F8 Load(const float* p) { return _mm256_loadu_ps(p); }
inline void Store(float* p, F8 value) { _mm256_storeu_ps(p, value); }
inline F8 MulAdd(F8 a, F8 b, F8 c) { return _mm256_fmadd_ps(a, b, c); }

// Eight 16-bit floats.
inline F8 FromBFloat16(__m128i halves) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}
inline F8 FromFloat16(__m128i halves) { return _mm256_cvtph_ps(halves); }

// All bits set in the first `count` lanes (0 to 8).
inline __m256i FirstLanes(int count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
// The first `count` lanes, zero behind them; reads nothing else.
inline F8 LoadFirst(const float* p, int count) { return _mm256_maskload_ps(p, FirstLanes(count)); }
inline void StoreFirst(float* p, F8 value, int count) { _mm256_maskstore_ps(p, FirstLanes(count), value); }

// Lanes added in a fixed order.
inline float Sum(F8 v) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
inline float Max(F8 v) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

// e^x for x up to 88, relative error below 2e-7; below -87.3 a number near the smallest normal one (1e-38).
inline F8 Exp(F8 x) {
  x = _mm256_min_ps(_mm256_max_ps(x, Splat(-87.3f)), Splat(88.0f));
  // x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 in two parts, the first short enough for n times it to be
  // exact.
  const F8 n =
      _mm256_round_ps(_mm256_mul_ps(x, Splat(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  F8 r = MulAdd(n, Splat(-0.693359375f), x);
  r = MulAdd(n, Splat(2.12194440e-4f), r);
  F8 p = Splat(1.0f / 5040);  // Taylor's series: its ninth term is below 1e-8 there
  p = MulAdd(p, r, Splat(1.0f / 720));
  p = MulAdd(p, r, Splat(1.0f / 120));
  p = MulAdd(p, r, Splat(1.0f / 24));
  p = MulAdd(p, r, Splat(1.0f / 6));
  p = MulAdd(p, r, Splat(0.5f));
  p = MulAdd(p, r, Splat(1.0f));
  p = MulAdd(p, r, Splat(1.0f));
  const __m256i exponent =
      _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(p, _mm256_castsi256_ps(exponent));
}

// Absolute error below 4e-7: x P(x^2) / Q(x^2), fitted to the largest error on [0, 3.95], behind which erf
// rounds to 1.
inline F8 Erf(F8 x) {
  x = _mm256_min_ps(_mm256_max_ps(x, Splat(-3.95f)), Splat(3.95f));
  const F8 u = _mm256_mul_ps(x, x);
  F8 p = Splat(2.0114692e-06f);
  p = MulAdd(p, u, Splat(0.000287564572f));
  p = MulAdd(p, u, Splat(0.00391686263f));
  p = MulAdd(p, u, Splat(0.0532056087f));
  p = MulAdd(p, u, Splat(0.194028665f));
  p = MulAdd(p, u, Splat(1.12837901f));
  F8 q = Splat(3.78349611e-05f);
  q = MulAdd(q, u, Splat(0.00119804123f));
  q = MulAdd(q, u, Splat(0.0152698262f));
  q = MulAdd(q, u, Splat(0.115587369f));
  q = MulAdd(q, u, Splat(0.505284923f));
  q = MulAdd(q, u, Splat(1.0f));
  return _mm256_min_ps(_mm256_max_ps(_mm256_div_ps(_mm256_mul_ps(x, p), q), Splat(-1.0f)), Splat(1.0f));
}

// x Phi(x) with the exact error function, not its tanh approximation.
inline F8 Gelu(F8 x) {
  const F8 half = _mm256_mul_ps(x, Splat(0.5f));
  return MulAdd(half, Erf(_mm256_mul_ps(x, Splat(0.70710678f))), half);
}

// Absolute error below 3e-7.
inline F8 Sigmoid(F8 x) {
  return _mm256_div_ps(Splat(1.0f), _mm256_add_ps(Splat(1.0f), Exp(_mm256_sub_ps(_mm256_setzero_ps(), x))));
}
inline F8 Tanh(F8 x) {
  x = _mm256_min_ps(_mm256_max_ps(x, Splat(-20.0f)), Splat(20.0f));
  const F8 e = Exp(_mm256_add_ps(x, x));
  return _mm256_div_ps(_mm256_sub_ps(e, Splat(1.0f)), _mm256_add_ps(e, Splat(1.0f)));
}

}  // namespace deerbench::fused
