// A block of threads on the CPU: what device_block.h is on the GPU. Kernels are written against either, so
// that their every index and phase can be tested where no GPU is.
//
// Threads run one after the other from barrier to barrier, forwards or backwards: a kernel whose threads read
// in a phase what others write in it gives different results in the two orders. Shared memory starts as
// garbage.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>

#include "agent/cuda/numbers.h"
#include "base/error.h"

namespace deerbench::cuda {

enum class ThreadOrder { kForwards, kBackwards };

template <int kThreads>
class HostBlock {
 public:
  HostBlock(int x, int y, int z, ThreadOrder order) : x_(x), y_(y), z_(z), order_(order) {}

  int x() const { return x_; }
  int y() const { return y_; }
  int z() const { return z_; }

  // A number for each thread that lives through phases.
  template <class T>
  class Registers {
   public:
    T& operator[](int thread) { return values_[thread]; }
    const T& operator[](int thread) const { return values_[thread]; }

   private:
    std::unique_ptr<T[]> values_{new T[kThreads]()};
  };

  // All threads, then a barrier. Only here is shared memory written.
  template <class Body>
  void Phase(const Body& body) {
    Require(!reading_,
            "a phase begins where threads may still read what it writes; expected a barrier before");
    ForThreads(body);
  }
  // All threads without a barrier: registers and global memory; shared memory may be read.
  template <class Body>
  void Each(const Body& body) {
    ForThreads(body);
    reading_ = true;
  }
  void Sync() { reading_ = false; }

  // Over each 32 threads, in the order of the device's butterfly; all of them get the result.
  template <class Value>
  void WarpSum(const Value& value) {
    Butterfly(value, [](float a, float b) { return a + b; });
  }
  template <class Value>
  void WarpMax(const Value& value) {
    Butterfly(value, [](float a, float b) { return std::max(a, b); });
  }

  // PTX's mma.m16n8k16 in each 32 threads: c (16 x 8) += a (16 x 16) b (16 x 8). sums(t): float*, four of c;
  // left(t): uint32_t[4], right(t): uint32_t[2].
  template <Number kType, class Sums, class Left, class Right>
  void Multiply(const Sums& sums, const Left& left, const Right& right) {
    for (int warp = 0; warp < kThreads; warp += 32) {
      float a[16][16], b[16][8];
      for (int lane = 0; lane < 32; ++lane) {
        const int group = lane / 4, pair = 2 * (lane % 4);
        const auto l = left(warp + lane);
        const auto r = right(warp + lane);
        for (int i = 0; i < 2; ++i) {
          const auto value = [&](uint32_t word) {
            return FromBits<kType>(static_cast<uint16_t>(word >> (16 * i)));
          };
          a[group][pair + i] = value(l[0]);
          a[group + 8][pair + i] = value(l[1]);
          a[group][pair + 8 + i] = value(l[2]);
          a[group + 8][pair + 8 + i] = value(l[3]);
          b[pair + i][group] = value(r[0]);
          b[pair + 8 + i][group] = value(r[1]);
        }
      }
      for (int lane = 0; lane < 32; ++lane) {
        float* c = sums(warp + lane);
        for (int i = 0; i < 4; ++i) {
          const int row = lane / 4 + 8 * (i / 2), column = 2 * (lane % 4) + i % 2;
          for (int k = 0; k < 16; ++k) c[i] += a[row][k] * b[k][column];
        }
      }
    }
  }

  // Whether this block is the last of `blocks` to come here; what all of them wrote before is then to be read
  // through Fresh. Leaves the counter at 0.
  bool Last(int* counter, int blocks, int&) {
    reading_ = false;
    if (++*counter < blocks) return false;
    *counter = 0;
    return true;
  }
  static float Fresh(const float* from) { return *from; }

  static uint64_t ClockNs() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  }

 private:
  template <class Body>
  void ForThreads(const Body& body) const {
    for (int t = 0; t < kThreads; ++t) body(order_ == ThreadOrder::kForwards ? t : kThreads - 1 - t);
  }
  template <class Value, class Join>
  void Butterfly(const Value& value, const Join& join) {
    for (int distance = 16; distance > 0; distance /= 2) {
      float joined[kThreads];
      for (int t = 0; t < kThreads; ++t) joined[t] = join(value(t), value(t ^ distance));
      for (int t = 0; t < kThreads; ++t) value(t) = joined[t];
    }
  }

  int x_, y_, z_;
  ThreadOrder order_;
  bool reading_ = false;
};

struct Grid {
  int x = 1, y = 1, z = 1;
};

template <class Kernel>
void RunOnHost(const Kernel& kernel, const Grid& grid, ThreadOrder order) {
  using Shared = typename Kernel::Shared;
  const auto memory = std::make_unique<Shared>();
  for (int z = 0; z < grid.z; ++z) {
    for (int y = 0; y < grid.y; ++y) {
      for (int x = 0; x < grid.x; ++x) {
        std::memset(static_cast<void*>(memory.get()), 0xff, sizeof(Shared));  // floats: not numbers
        HostBlock<Kernel::kThreads> block(x, y, z, order);
        kernel(block, *memory);
      }
    }
  }
}

}  // namespace deerbench::cuda
