#include "sim/tasks/numpy_random.h"

#include <fmt/format.h>

#include <bit>
#include <numeric>

#include "base/error.h"

namespace deerbench {
namespace {

constexpr size_t kShift = 397;  // MT19937's m

}  // namespace

NumpyRandomState::NumpyRandomState(uint32_t seed) {
  state_[0] = seed;
  for (uint32_t i = 1; i < kWords; ++i) {
    state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  }
}

void NumpyRandomState::Refill() {
  for (size_t i = 0; i < kWords; ++i) {
    const uint32_t joined = (state_[i] & 0x80000000u) | (state_[(i + 1) % kWords] & 0x7fffffffu);
    state_[i] = state_[(i + kShift) % kWords] ^ (joined >> 1) ^ ((joined & 1) != 0 ? 0x9908b0dfu : 0u);
  }
  next_ = 0;
}

uint32_t NumpyRandomState::NextUint32() {
  if (next_ == kWords) Refill();
  uint32_t y = state_[next_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  y ^= y >> 18;
  return y;
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
  const uint32_t mask = ~0u >> std::countl_zero(max);
  uint32_t value;
  do {
    value = NextUint32() & mask;
  } while (value > max);
  return value;
}

std::vector<int> NumpyRandomState::Permutation(int n) {
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  Shuffle(std::span<int>(order));
  return order;
}

std::vector<int> NumpyRandomState::Choice(int n, int count) {
  if (count < 0 || count > n)
    Fail(fmt::format("choice: count is {}, expected 0 to {} (without replacement)", count, n));
  std::vector<int> order = Permutation(n);
  order.resize(count);
  return order;
}

}  // namespace deerbench
