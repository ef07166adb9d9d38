// Other light and other paint, for scenes that nobody has seen.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace deerbench {

// A linear function of each channel's bytes, drawn once: brightness by a factor of up to exp(strength), each
// channel by half as much again, and up to 64 * strength added. Strength 0 changes nothing.
class ColorJitter {
 public:
  ColorJitter(double strength, uint64_t seed);
  void Apply(std::span<uint8_t> rgb) const;

 private:
  std::array<std::array<uint8_t, 256>, 3> table_;
};

}  // namespace deerbench
