// Eight lanes of float or int32 with GCC's vector extensions. Every operation is one IEEE operation a lane,
// so results are the same bits on any machine and for any instruction set the compiler targets.
#pragma once

#include <bit>
#include <cstdint>

#if defined(__AVX__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace deerbench::render {

inline constexpr int kLanes = 8;

typedef float F8 __attribute__((vector_size(32)));
typedef int32_t I8 __attribute__((vector_size(32)));
typedef uint32_t U8 __attribute__((vector_size(32)));
typedef uint16_t S8 __attribute__((vector_size(16)));  // eight 16-bit lanes
// The same in memory that is aligned to its elements only.
typedef float F8Unaligned __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t I8Unaligned __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint16_t S8Unaligned __attribute__((vector_size(16), aligned(2), may_alias));
typedef uint32_t U8Unaligned __attribute__((vector_size(32), aligned(4), may_alias));

#define DEERBENCH_INLINE inline __attribute__((always_inline))
#define DEERBENCH_INLINE_LAMBDA __attribute__((always_inline))

DEERBENCH_INLINE F8 Splat(float x) { return F8{x, x, x, x, x, x, x, x}; }
DEERBENCH_INLINE I8 Splat(int32_t x) { return I8{x, x, x, x, x, x, x, x}; }
DEERBENCH_INLINE U8 Splat(uint32_t x) { return U8{x, x, x, x, x, x, x, x}; }
DEERBENCH_INLINE I8 LaneIndex() { return I8{0, 1, 2, 3, 4, 5, 6, 7}; }

DEERBENCH_INLINE F8 Load(const float* p) { return *reinterpret_cast<const F8Unaligned*>(p); }
DEERBENCH_INLINE I8 Load(const int32_t* p) { return *reinterpret_cast<const I8Unaligned*>(p); }
DEERBENCH_INLINE U8 Load(const uint32_t* p) { return *reinterpret_cast<const U8Unaligned*>(p); }
DEERBENCH_INLINE S8 Load(const uint16_t* p) { return *reinterpret_cast<const S8Unaligned*>(p); }
DEERBENCH_INLINE void Store(uint16_t* p, S8 v) { *reinterpret_cast<S8Unaligned*>(p) = v; }
DEERBENCH_INLINE void Store(float* p, F8 v) { *reinterpret_cast<F8Unaligned*>(p) = v; }
DEERBENCH_INLINE void Store(int32_t* p, I8 v) { *reinterpret_cast<I8Unaligned*>(p) = v; }
DEERBENCH_INLINE void Store(uint32_t* p, U8 v) { *reinterpret_cast<U8Unaligned*>(p) = v; }

// Two neighbouring words a lane, base[index[i]] and base[index[i] + 1]: eight loads of 64 bits. (The
// processor's own gather instructions are slower.)
struct WordPairs {
  U8 first, second;
};
DEERBENCH_INLINE WordPairs LoadPairs(const uint32_t* base, I8 index) {
  typedef uint64_t Pairs __attribute__((vector_size(32)));
  const auto at = [&](int lane) DEERBENCH_INLINE_LAMBDA {
    uint64_t pair;
    __builtin_memcpy(&pair, base + index[lane], sizeof(pair));
    return pair;
  };
  const U8 a = reinterpret_cast<U8>(Pairs{at(0), at(1), at(4), at(5)});
  const U8 b = reinterpret_cast<U8>(Pairs{at(2), at(3), at(6), at(7)});
  return {__builtin_shufflevector(a, b, 0, 2, 8, 10, 4, 6, 12, 14),
          __builtin_shufflevector(a, b, 1, 3, 9, 11, 5, 7, 13, 15)};
}

DEERBENCH_INLINE F8 ToFloat(I8 v) { return __builtin_convertvector(v, F8); }
DEERBENCH_INLINE I8 Truncate(F8 v) { return __builtin_convertvector(v, I8); }
// Lanes from 0 to 65535.
DEERBENCH_INLINE S8 Narrow(I8 v) { return __builtin_convertvector(v, S8); }
DEERBENCH_INLINE I8 Widen(S8 v) { return __builtin_convertvector(v, I8); }
DEERBENCH_INLINE I8 BitsOf(F8 v) { return reinterpret_cast<I8>(v); }
DEERBENCH_INLINE F8 FromBits(I8 v) { return reinterpret_cast<F8>(v); }

DEERBENCH_INLINE F8 Min(F8 a, F8 b) { return a < b ? a : b; }
DEERBENCH_INLINE F8 Max(F8 a, F8 b) { return a > b ? a : b; }
DEERBENCH_INLINE I8 Min(I8 a, I8 b) { return a < b ? a : b; }
DEERBENCH_INLINE I8 Max(I8 a, I8 b) { return a > b ? a : b; }
DEERBENCH_INLINE F8 Clamp01(F8 v) { return Min(Max(v, Splat(0.0f)), Splat(1.0f)); }
DEERBENCH_INLINE F8 Abs(F8 v) { return FromBits(BitsOf(v) & Splat(0x7fffffff)); }

// |v| below 2^31.
DEERBENCH_INLINE I8 FloorToInt(F8 v) {
  const I8 t = Truncate(v);
  return t + (ToFloat(t) > v);  // true is -1
}
// Nearest integer, halves upwards; |v| below 2^22.
DEERBENCH_INLINE I8 RoundToInt(F8 v) { return FloorToInt(v + Splat(0.5f)); }

DEERBENCH_INLINE F8 Sqrt(F8 v) {
#if defined(__AVX__)
  return reinterpret_cast<F8>(_mm256_sqrt_ps(reinterpret_cast<__m256>(v)));
#else
  F8 r;
  for (int i = 0; i < kLanes; ++i) r[i] = __builtin_sqrtf(v[i]);
  return r;
#endif
}

// Bit i is the sign bit of lane i.
DEERBENCH_INLINE uint32_t SignMask(I8 v) {
#if defined(__AVX__)
  return static_cast<uint32_t>(_mm256_movemask_ps(reinterpret_cast<__m256>(v)));
#else
  uint32_t mask = 0;
  for (int i = 0; i < kLanes; ++i) mask |= static_cast<uint32_t>(v[i] < 0) << i;
  return mask;
#endif
}
DEERBENCH_INLINE bool AnyNegative(I8 v) { return SignMask(v) != 0; }

DEERBENCH_INLINE float HorizontalMin(F8 v) {
  float r = v[0];
  for (int i = 1; i < kLanes; ++i) r = v[i] < r ? v[i] : r;
  return r;
}
DEERBENCH_INLINE float HorizontalMax(F8 v) {
  float r = v[0];
  for (int i = 1; i < kLanes; ++i) r = v[i] > r ? v[i] : r;
  return r;
}

// In place: m[row][column] becomes m[column][row].
DEERBENCH_INLINE void Transpose8x8(F8 m[8]) {
  F8 t[8], u[8];
  for (int i = 0; i < 4; ++i) {
    t[2 * i] = __builtin_shufflevector(m[2 * i], m[2 * i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    t[2 * i + 1] = __builtin_shufflevector(m[2 * i], m[2 * i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < 2; ++i) {
    const F8 a = t[4 * i], b = t[4 * i + 1], c = t[4 * i + 2], d = t[4 * i + 3];
    u[4 * i] = __builtin_shufflevector(a, c, 0, 1, 8, 9, 4, 5, 12, 13);
    u[4 * i + 1] = __builtin_shufflevector(a, c, 2, 3, 10, 11, 6, 7, 14, 15);
    u[4 * i + 2] = __builtin_shufflevector(b, d, 0, 1, 8, 9, 4, 5, 12, 13);
    u[4 * i + 3] = __builtin_shufflevector(b, d, 2, 3, 10, 11, 6, 7, 14, 15);
  }
  for (int i = 0; i < 4; ++i) {
    m[i] = __builtin_shufflevector(u[i], u[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    m[i + 4] = __builtin_shufflevector(u[i], u[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

// Eight rows of four floats, at row(0) to row(7), as four columns.
template <typename Row>
DEERBENCH_INLINE void LoadFourColumns(const Row& row, F8 columns[4]) {
  typedef float F4 __attribute__((vector_size(16), aligned(4), may_alias));
  F8 r[4];
  for (size_t i = 0; i < 4; ++i) {
    const F4 low = *reinterpret_cast<const F4*>(row(i)), high = *reinterpret_cast<const F4*>(row(i + 4));
    r[i] = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
  }
  const F8 a = __builtin_shufflevector(r[0], r[1], 0, 8, 1, 9, 4, 12, 5, 13);
  const F8 b = __builtin_shufflevector(r[2], r[3], 0, 8, 1, 9, 4, 12, 5, 13);
  const F8 c = __builtin_shufflevector(r[0], r[1], 2, 10, 3, 11, 6, 14, 7, 15);
  const F8 d = __builtin_shufflevector(r[2], r[3], 2, 10, 3, 11, 6, 14, 7, 15);
  columns[0] = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
  columns[1] = __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
  columns[2] = __builtin_shufflevector(c, d, 0, 1, 8, 9, 4, 5, 12, 13);
  columns[3] = __builtin_shufflevector(c, d, 2, 3, 10, 11, 6, 7, 14, 15);
}

struct V3x8 {
  F8 x, y, z;
};
DEERBENCH_INLINE V3x8 operator+(const V3x8& a, const V3x8& b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
DEERBENCH_INLINE V3x8 operator-(const V3x8& a, const V3x8& b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
DEERBENCH_INLINE V3x8 operator*(F8 s, const V3x8& a) { return {s * a.x, s * a.y, s * a.z}; }
DEERBENCH_INLINE F8 Dot(const V3x8& a, const V3x8& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
DEERBENCH_INLINE V3x8 Cross(const V3x8& a, const V3x8& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

}  // namespace deerbench::render
