// A block of threads on the GPU, with the face of host_block.h. For nvcc alone.
#pragma once

#include "agent/cuda/numbers.h"

namespace deerbench::cuda {

template <int kThreads>
class DeviceBlock {
 public:
  __device__ int x() const { return static_cast<int>(blockIdx.x); }
  __device__ int y() const { return static_cast<int>(blockIdx.y); }
  __device__ int z() const { return static_cast<int>(blockIdx.z); }

  template <class T>
  class Registers {
   public:
    __device__ __forceinline__ T& operator[](int) { return value_; }
    __device__ __forceinline__ const T& operator[](int) const { return value_; }

   private:
    T value_{};
  };

  template <class Body>
  __device__ __forceinline__ void Phase(const Body& body) {
    body(static_cast<int>(threadIdx.x));
    __syncthreads();
  }
  template <class Body>
  __device__ __forceinline__ void Each(const Body& body) {
    body(static_cast<int>(threadIdx.x));
  }
  __device__ __forceinline__ void Sync() { __syncthreads(); }

  template <class Value>
  __device__ __forceinline__ void WarpSum(const Value& value) {
    float& v = value(static_cast<int>(threadIdx.x));
    for (int distance = 16; distance > 0; distance /= 2) v += __shfl_xor_sync(~0u, v, distance);
  }
  template <class Value>
  __device__ __forceinline__ void WarpMax(const Value& value) {
    float& v = value(static_cast<int>(threadIdx.x));
    for (int distance = 16; distance > 0; distance /= 2) v = fmaxf(v, __shfl_xor_sync(~0u, v, distance));
  }

  template <Number kType, class Sums, class Left, class Right>
  __device__ __forceinline__ void Multiply(const Sums& sums, const Left& left, const Right& right) {
    float* c = sums(static_cast<int>(threadIdx.x));
    const auto a = left(static_cast<int>(threadIdx.x));
    const auto b = right(static_cast<int>(threadIdx.x));
    if constexpr (kType == Number::kFloat16) {
      asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
          "{%0,%1,%2,%3};"
          : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    } else {
      asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
          "{%0,%1,%2,%3};"
          : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
          : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }
  }

  __device__ __forceinline__ bool Last(int* counter, int blocks, int& shared) {
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
      shared = atomicAdd(counter, 1) == blocks - 1;
      if (shared) *counter = 0;
    }
    __syncthreads();
    if (!shared) return false;
    __threadfence();
    return true;
  }
  // Past the processor's own cache, which other processors' writes do not reach.
  static __device__ __forceinline__ float Fresh(const float* from) { return __ldcg(from); }

  static __device__ __forceinline__ unsigned long long ClockNs() {
    unsigned long long now;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
    return now;
  }
};

template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads) RunOnDevice(const Kernel kernel) {
  __shared__ typename Kernel::Shared shared;
  DeviceBlock<Kernel::kThreads> block;
  kernel(block, shared);
}

}  // namespace deerbench::cuda
