#include "tests/fuzz/coverage.h"

#include <array>
#include <cstdint>

namespace {

// Pairs of places visited one after the other, hashed; how often, in powers of two.
constexpr uintptr_t kSize = 1 << 16;
std::array<uint8_t, kSize> visits;
std::array<uint8_t, kSize> seen;  // bits of the powers
uintptr_t last_place;
int covered;

uint8_t PowerBit(uint8_t count) {
  int power = 0;
  while (count > 1) {
    count = static_cast<uint8_t>(count >> 1);
    ++power;
  }
  return static_cast<uint8_t>(1 << power);
}

}  // namespace

extern "C" void __sanitizer_cov_trace_pc() {
  auto place = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
  place = (place >> 4) ^ (place << 8);
  uint8_t& count = visits[(place ^ last_place) % kSize];
  if (count < 255) ++count;
  last_place = place >> 1;
}

namespace deerbench::fuzz {

void ForgetCoverage() {
  visits.fill(0);
  last_place = 0;
}

bool FoundNewCoverage() {
  bool is_new = false;
  for (uintptr_t i = 0; i < kSize; ++i) {
    if (visits[i] == 0) continue;
    const uint8_t bit = PowerBit(visits[i]);
    if ((seen[i] & bit) != 0) continue;
    if (seen[i] == 0) ++covered;
    seen[i] |= bit;
    is_new = true;
  }
  return is_new;
}

int CoveredPlaces() { return covered; }

}  // namespace deerbench::fuzz
