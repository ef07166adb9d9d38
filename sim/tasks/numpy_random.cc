#include "sim/tasks/numpy_random.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "base/error.h"

namespace deerbench {
namespace {

// The smallest 2^k - 1 that is not below `max`, which is above 0.
uint32_t MaskFor(uint32_t max) { return ~0u >> std::countl_zero(max); }

}  // namespace
NumpyRandomState::NumpyRandomState(uint32_t seed) : draws_{} {
  state_[0] = seed;
  for (uint32_t i = 1; i < kWords; ++i) {
    state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  }
}

void NumpyRandomState::Refill() {
  constexpr size_t kShift = 397;  // MT19937's m
  const auto twist = [](uint32_t high, uint32_t low, uint32_t far) {
    const uint32_t joined = (high & 0x80000000u) | (low & 0x7fffffffu);
    return far ^ (joined >> 1) ^ (0x9908b0dfu & (0u - (joined & 1)));
  };
  // Three loops in place of a modulus: the compiler turns them into vector code.
  size_t i = 0;
  for (; i < kWords - kShift; ++i) state_[i] = twist(state_[i], state_[i + 1], state_[i + kShift]);
  for (; i < kWords - 1; ++i) state_[i] = twist(state_[i], state_[i + 1], state_[i + kShift - kWords]);
  state_[i] = twist(state_[i], state_[0], state_[kShift - 1]);
  for (size_t k = 0; k < kWords; ++k) {
    uint32_t y = state_[k];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    draws_[k] = y ^ (y >> 18);
  }
  next_ = 0;
}

double NumpyRandomState::NextDouble() {
  const uint32_t high = NextUint32() >> 5;
  const uint32_t low = NextUint32() >> 6;
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

double NumpyRandomState::Uniform(double low, double high) {
  const double range = high - low;
  return low + range * NextDouble();
}

uint32_t NumpyRandomState::Interval(uint32_t max) {
  if (max == 0) return 0;
  const uint32_t mask = MaskFor(max);
  uint32_t value;
  do {
    value = NextUint32() & mask;
  } while (value > max);
  return value;
}

void NumpyRandomState::Choice(int n, std::span<int> out) {
  if (n < 0 || n > kMaxChoice || out.size() > static_cast<size_t>(n)) {
    Fail(fmt::format("choice: {} of {}, expected at most all of at most {} (without replacement)", out.size(),
                     n, kMaxChoice));
  }
  // As Shuffle, but all draws first and no branch on whether one is rejected, which half of them may be:
  // CALVIN's 1000 chains take 7 million permutations.
  std::array<uint32_t, kMaxChoice> partner;  // what element i is swapped with
  uint32_t i = n > 0 ? static_cast<uint32_t>(n) - 1 : 0;
  while (i > 0) {
    const uint32_t mask = MaskFor(i);
    while (i > mask / 2) {
      partner[i] = NextUint32() & mask;
      i -= partner[i] <= i ? 1 : 0;
    }
  }
  std::array<uint8_t, kMaxChoice> order;
  std::iota(order.begin(), order.begin() + n, uint8_t{0});
  for (int k = n - 1; k > 0; --k) std::swap(order[k], order[partner[k]]);
  for (size_t k = 0; k < out.size(); ++k) out[k] = order[k];
}

}  // namespace deerbench
