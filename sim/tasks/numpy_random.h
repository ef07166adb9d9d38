// numpy's legacy RandomState (MT19937), the same draws bit for bit. CALVIN's chains and initial states hang
// on it. Source: numpy/random/mtrand.pyx and src/legacy, src/mt19937, src/distributions (numpy 1.x and 2.x
// agree: numpy froze this stream in NEP 19).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace deerbench {

class NumpyRandomState {
 public:
  // As numpy.random.seed(seed) with an int.
  explicit NumpyRandomState(uint32_t seed);

  // The next 32 bits of the generator.
  uint32_t NextUint32();

  // random_sample(): uniform in [0, 1) with 53 bits.
  double NextDouble();

  // uniform(low, high).
  double Uniform(double low, double high);

  // numpy's random_interval: uniform in [0, max], by masking and rejection. Draws nothing for max 0.
  uint32_t Interval(uint32_t max);

  // shuffle(x) of a list or a one-dimensional array.
  template <typename T>
  void Shuffle(std::span<T> x) {
    for (size_t i = x.size(); i-- > 1;) {
      const uint32_t j = Interval(static_cast<uint32_t>(i));
      if (j != i) std::swap(x[i], x[j]);
    }
  }

  // permutation(n): 0 .. n-1 shuffled.
  std::vector<int> Permutation(int n);

  // choice(n, size=count, replace=False): the head of a permutation. Throws Error if count exceeds n.
  std::vector<int> Choice(int n, int count);

 private:
  void Refill();

  static constexpr size_t kWords = 624;
  std::array<uint32_t, kWords> state_;
  size_t next_ = kWords;  // word to hand out next; kWords: refill first
};

}  // namespace deerbench
