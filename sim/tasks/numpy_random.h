// numpy's legacy RandomState (MT19937), the same draws bit for bit. CALVIN's chains and initial states hang
// on it. Source: numpy/random/mtrand.pyx and src/legacy, src/mt19937, src/distributions (numpy 1.x and 2.x
// agree: numpy froze this stream in NEP 19).
#pragma once

#include <array>
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
    for (size_t i = x.size(); i-- > 1;) {
      const uint32_t j = Interval(static_cast<uint32_t>(i));
      if (j != i) std::swap(x[i], x[j]);
    }
  }

  // choice(n, size=out.size(), replace=False): the head of permutation(n). Throws Error if `out` is longer
  // than n or n above kMaxChoice.
  static constexpr int kMaxChoice = 255;
  void Choice(int n, std::span<int> out);

 private:
  static constexpr size_t kWords = 624;

  void Refill();

  std::array<uint32_t, kWords> state_;
  std::array<uint32_t, kWords> draws_;  // the tempered state
  size_t next_ = kWords;                // in draws_; kWords: refill first
};

}  // namespace deerbench
