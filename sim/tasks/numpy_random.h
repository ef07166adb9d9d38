// numpy's legacy RandomState (MT19937), the same draws bit for bit. CALVIN's chains and initial states hang
// on it. Source: numpy/random/mtrand.pyx and src/legacy, src/mt19937, src/distributions (numpy 1.x and 2.x
// agree: numpy froze this stream in NEP 19).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace deerbench {

class NumpyRandomState {
 public:
  // As numpy.random.seed(seed) with an int.
  explicit NumpyRandomState(uint32_t seed);

  // The next 32 bits of the generator.
  uint32_t NextUint32() {
    if (next_ == kWords) Refill();
    return draws_[next_++];
  }

  // random_sample(): uniform in [0, 1) with 53 bits.
  double NextDouble();

  // uniform(low, high).
  double Uniform(double low, double high);

  // numpy's random_interval: uniform in [0, max], by masking and rejection. Draws nothing for max 0.
  uint32_t Interval(uint32_t max);

  // shuffle(x) of a list or a one-dimensional array. permutation(n) is the shuffle of 0 .. n-1.
  template <typename T>
  void Shuffle(std::span<T> x) {
    if (x.empty()) return;
    uint32_t i = static_cast<uint32_t>(x.size()) - 1;
    while (i > 0) {
      const uint32_t mask = MaskFor(i);
      // No branch on whether a draw is rejected (half of them may be): a rejected one swaps x[i] with itself
      // and leaves i as it is. CALVIN's 1000 chains take 7 million shuffles.
      while (i > mask / 2) {
        const uint32_t draw = NextUint32() & mask;
        const uint32_t rejected = draw > i ? 1 : 0;
        const uint32_t j = draw ^ ((draw ^ i) & (0u - rejected));
        std::swap(x[i], x[j]);
        i -= 1 - rejected;
      }
    }
  }

  // choice(n, size=out.size(), replace=False): the head of permutation(n). Throws Error if `out` is longer
  // than n or n above kMaxChoice.
  static constexpr int kMaxChoice = 255;
  void Choice(int n, std::span<int> out);

 private:
  static constexpr size_t kWords = 624;

  // The smallest 2^k - 1 that is not below `max`, which is above 0.
  static uint32_t MaskFor(uint32_t max) { return ~0u >> std::countl_zero(max); }

  void Refill();

  std::array<uint32_t, kWords> state_;
  std::array<uint32_t, kWords> draws_;  // the tempered state
  size_t next_ = kWords;                // in draws_; kWords: refill first
};

}  // namespace deerbench
