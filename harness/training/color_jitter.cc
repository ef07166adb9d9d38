#include "harness/training/color_jitter.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace deerbench {

ColorJitter::ColorJitter(double strength, uint64_t seed) {
  SplitMix64 random(seed);
  const auto draw = [&] { return 2 * random.Uniform() - 1; };
  const double brightness = strength * draw();
  for (auto& channel : table_) {
    const double gain = std::exp(brightness + 0.5 * strength * draw()), shift = 64 * strength * draw();
    for (int i = 0; i < 256; ++i)
      channel[i] = static_cast<uint8_t>(std::clamp(std::lround(gain * i + shift), 0L, 255L));
  }
}

void ColorJitter::Apply(std::span<uint8_t> rgb) const {
  for (size_t i = 0; i + 2 < rgb.size(); i += 3)
    for (size_t c = 0; c < 3; ++c) rgb[i + c] = table_[c][rgb[i + c]];
}

}  // namespace deerbench
