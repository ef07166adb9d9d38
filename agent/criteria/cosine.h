// The angle between two vectors, as a distance.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace deerbench {

// 1 - cosine, in [0, 2]; norms below 1e-5 count as that much, as in the official code's similarity.
inline float CosineDistance(std::span<const float> a, std::span<const float> b) {
  float ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return 1 - ab / (std::max(std::sqrt(aa), 1e-5f) * std::max(std::sqrt(bb), 1e-5f));
}

}  // namespace deerbench
