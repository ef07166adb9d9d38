// Numbers as the device stores weights, and their conversions, for nvcc and for the host's compiler. No CUDA
// header is needed beyond what nvcc includes by itself.
#pragma once

#include <cstdint>

// DEERBENCH_UNROLL stands before loops over arrays in registers, which have no addresses to count through.
#ifdef __CUDACC__
#define DEERBENCH_DEVICE __device__ __forceinline__
#define DEERBENCH_UNROLL _Pragma("unroll")
#else
#include <immintrin.h>
#define DEERBENCH_DEVICE inline
#define DEERBENCH_UNROLL
#endif

namespace deerbench::cuda {

enum class Number { kFloat32, kBFloat16, kFloat16 };
inline constexpr int NumberSize(Number type) { return type == Number::kFloat32 ? 4 : 2; }

// 16 bytes that are loaded together.
struct alignas(16) Word4 {
  uint32_t w[4];
};

inline constexpr float kLargestHalf = 65504;

// Rounded to nearest even; float16 saturates.
template <Number kType>
DEERBENCH_DEVICE uint16_t ToBits(float value) {
  if constexpr (kType == Number::kFloat16)
    value = value > kLargestHalf ? kLargestHalf : value < -kLargestHalf ? -kLargestHalf : value;
#if defined(__CUDA_ARCH__)
  uint16_t bits;
  if constexpr (kType == Number::kFloat16)
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  else
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
#elif defined(__CUDACC__)
  return 0;  // nvcc's pass over the host's side, which calls no kernel's body
#else
  if constexpr (kType == Number::kFloat16) return _cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT);
  uint32_t word;
  __builtin_memcpy(&word, &value, 4);
  if ((word & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>(word >> 16 | 0x40);  // not a number
  return static_cast<uint16_t>((word + 0x7fff + (word >> 16 & 1)) >> 16);
#endif
}

template <Number kType>
DEERBENCH_DEVICE float FromBits(uint16_t bits) {
#if defined(__CUDA_ARCH__)
  if constexpr (kType == Number::kFloat16) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
  }
  return __uint_as_float(static_cast<uint32_t>(bits) << 16);
#elif defined(__CUDACC__)
  return 0;
#else
  if constexpr (kType == Number::kFloat16) return _cvtsh_ss(bits);
  const uint32_t word = static_cast<uint32_t>(bits) << 16;
  float value;
  __builtin_memcpy(&value, &word, 4);
  return value;
#endif
}

// Element i of an array of that type.
DEERBENCH_DEVICE float LoadNumber(const void* data, Number type, size_t i) {
  if (type == Number::kFloat32) return static_cast<const float*>(data)[i];
  const uint16_t bits = static_cast<const uint16_t*>(data)[i];
  return type == Number::kFloat16 ? FromBits<Number::kFloat16>(bits) : FromBits<Number::kBFloat16>(bits);
}

}  // namespace deerbench::cuda
