#include "agent/fused/packed_weights.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "agent/fused/simd.h"

namespace deerbench::fused {
namespace {

// Both as ToBits of agent/cuda/numbers.h, so that every backend holds the same weights.
uint16_t ToBFloat16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  // Rounded, what is not a number could become one.
  if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);  // to nearest, ties to even
}

uint16_t ToFloat16(float value) {
  constexpr float kLargest = 65504;  // what lies beyond would become infinite
  return static_cast<uint16_t>(_cvtss_sh(std::clamp(value, -kLargest, kLargest), _MM_FROUND_TO_NEAREST_INT));
}

// Rounds `count` weights (a multiple of 8) to integers from `low` to `high`, times the inverse of a scale.
// Returns the scale that fits them best and the squared error that is left.
struct Fit {
  float scale = 0;
  double error = 0;
};
Fit Round(const float* weights, int count, float inverse, float low, float high, int8_t* to) {
  F8 product = _mm256_setzero_ps(), square = product, weight = product;
  for (int i = 0; i < count; i += kLanes) {
    const F8 w = Load(weights + i);
    F8 q = _mm256_round_ps(_mm256_mul_ps(w, Splat(inverse)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    q = _mm256_min_ps(_mm256_max_ps(q, Splat(low)), Splat(high));
    product = MulAdd(q, w, product);
    square = MulAdd(q, q, square);
    weight = MulAdd(w, w, weight);
    alignas(32) int32_t lanes[kLanes];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), _mm256_cvtps_epi32(q));
    for (int j = 0; j < kLanes; ++j) to[i + j] = static_cast<int8_t>(lanes[j]);
  }
  const float qw = Sum(product), qq = Sum(square);
  if (qq == 0) return {};
  return {.scale = qw / qq, .error = Sum(weight) - static_cast<double>(qw) * qw / qq};
}

float QuantiseInt8(const float* weights, int count, int8_t* to) {
  float most = 0;
  for (int i = 0; i < count; ++i) most = std::max(most, std::abs(weights[i]));
  if (most == 0) {
    std::fill_n(to, count, int8_t{0});
    return 0;
  }
  Round(weights, count, 127 / most, -127, 127, to);
  return most / 127;
}

// Sixteen steps are few: the scale with the smallest squared error of some around the obvious one, which
// takes the largest weight to -8.
float QuantiseInt4(const float* weights, int count, int8_t* to) {
  float most = 0;
  for (int i = 0; i < count; ++i) {
    if (std::abs(weights[i]) > std::abs(most)) most = weights[i];
  }
  std::fill_n(to, count, int8_t{0});
  if (most == 0) return 0;
  std::vector<int8_t> rounded(count);
  Fit best{.scale = 0, .error = INFINITY};
  for (int t = -2; t <= 4; ++t) {
    const Fit fit = Round(weights, count, -(8 + 0.35f * t) / most, -8, 7, rounded.data());
    if (fit.scale == 0 || fit.error >= best.error) continue;
    best = fit;
    std::copy(rounded.begin(), rounded.end(), to);
  }
  return best.scale;
}

}  // namespace

size_t PackedWeights::PanelBytes(int inputs) const {
  switch (type_) {
    case WeightType::kFloat32:
      return size_t{64} * inputs;
    case WeightType::kBFloat16:
    case WeightType::kFloat16:
      return size_t{32} * inputs;
    case WeightType::kInt8:
      return size_t{16} * inputs;
    case WeightType::kInt4:
      break;
  }
  return size_t{8} * inputs;
}

PackedWeights::PackedWeights(std::span<const float> weights, int out, int in, std::span<const float> bias,
                             WeightType type)
    : out_(out), in_(in), type_(type) {
  weights_ = Array<uint8_t>(panels() * PanelBytes(padded_in()));
  bias_ = Floats(static_cast<size_t>(panels()) * kPanel);
  std::copy(bias.begin(), bias.end(), bias_.data());
  if (integer()) {
    scales_ = Floats(static_cast<size_t>(panels()) * groups() * kPanel);
    PackIntegers(weights);
  } else {
    PackFloats(weights);
  }
}

void PackedWeights::PackFloats(std::span<const float> weights) {
  for (int first = 0; first < out_; first += kPanel) {
    uint8_t* panel_bytes = weights_.data() + first / kPanel * PanelBytes(in_);
    const int count = std::min(kPanel, out_ - first);
    const float* rows = weights.data() + static_cast<size_t>(first) * in_;
    // A cache line of each row at a time: rows are often whole pages apart and would push each other out.
    constexpr int kLine = 16;
    const auto transpose = [&](auto* to, const auto& convert) {
      for (int begin = 0; begin < in_; begin += kLine) {
        const int end = std::min(in_, begin + kLine);
        for (int o = 0; o < count; ++o) {
          const float* row = rows + static_cast<size_t>(o) * in_;
          for (int i = begin; i < end; ++i) to[static_cast<size_t>(i) * kPanel + o] = convert(row[i]);
        }
      }
    };
    if (type_ == WeightType::kFloat32) {
      transpose(reinterpret_cast<float*>(panel_bytes), [](float w) { return w; });
    } else if (type_ == WeightType::kBFloat16) {
      transpose(reinterpret_cast<uint16_t*>(panel_bytes), ToBFloat16);
    } else {
      transpose(reinterpret_cast<uint16_t*>(panel_bytes), ToFloat16);
    }
  }
}

void PackedWeights::PackIntegers(std::span<const float> weights) {
  const int padded = padded_in(), size = group();
  std::vector<float> row(padded);
  const int stride = padded + 64;                                     // not whole pages
  std::vector<int8_t> rounded(static_cast<size_t>(kPanel) * stride);  // of one panel
  for (int first = 0; first < out_; first += kPanel) {
    const int p = first / kPanel;
    std::fill(rounded.begin(), rounded.end(), int8_t{0});
    for (int o = 0; o < std::min(kPanel, out_ - first); ++o) {
      std::copy_n(weights.data() + static_cast<size_t>(first + o) * in_, in_, row.begin());
      for (int g = 0; g < groups(); ++g) {
        const float* from = row.data() + g * size;
        int8_t* to = rounded.data() + static_cast<size_t>(o) * stride + g * size;
        scales_[(static_cast<size_t>(p) * groups() + g) * kPanel + o] =
            type_ == WeightType::kInt8 ? QuantiseInt8(from, size, to) : QuantiseInt4(from, size, to);
      }
    }
    const auto at = [&](int o, int i) { return rounded[static_cast<size_t>(o) * stride + i]; };
    uint8_t* to = weights_.data() + p * PanelBytes(padded);
    if (type_ == WeightType::kInt8) {
      for (int i = 0; i < padded; i += 2) {
        for (int o = 0; o < kPanel; ++o) {
          *to++ = static_cast<uint8_t>(at(o, i));
          *to++ = static_cast<uint8_t>(at(o, i + 1));
        }
      }
      continue;
    }
    for (int i = 0; i < padded; i += 8) {
      for (int o = 0; o < kPanel; ++o) {
        for (int parity = 0; parity < 2; ++parity) {
          unsigned word = 0;
          for (int j = 0; j < 4; ++j)
            word |= (static_cast<unsigned>(at(o, i + 2 * j + parity)) & 15u) << (4 * j);
          *to++ = static_cast<uint8_t>(word);
          *to++ = static_cast<uint8_t>(word >> 8);
        }
      }
    }
  }
}

void DecodeFloats(WeightType type, const uint8_t* from, int inputs, float* to) {
  const auto* halves = reinterpret_cast<const __m128i*>(from);
  const auto decode = [&](auto convert) {
    for (int i = 0; i < 2 * inputs; ++i) Store(to + i * kLanes, convert(_mm_loadu_si128(halves + i)));
  };
  if (type == WeightType::kFloat16)
    decode([](__m128i h) { return FromFloat16(h); });
  else
    decode([](__m128i h) { return FromBFloat16(h); });
}

void DecodeIntegers(WeightType type, const uint8_t* from, int inputs, int16_t* to) {
  auto* out = reinterpret_cast<__m256i*>(to);
  if (type == WeightType::kInt8) {
    const auto* bytes = reinterpret_cast<const __m128i*>(from);
    for (int i = 0; i < inputs; ++i)
      _mm256_storeu_si256(out + i, _mm256_cvtepi8_epi16(_mm_loadu_si128(bytes + i)));
    return;
  }
  const auto* words = reinterpret_cast<const __m256i*>(from);
  for (int i = 0; i < inputs / 8; ++i) {
    for (int half = 0; half < 2; ++half) {
      const __m256i w = _mm256_loadu_si256(words + 2 * i + half);
      const auto sign = [](__m256i v) { return _mm256_srai_epi16(v, 12); };
      _mm256_storeu_si256(out + 8 * i + half, sign(_mm256_slli_epi16(w, 12)));
      _mm256_storeu_si256(out + 8 * i + 2 + half, sign(_mm256_slli_epi16(w, 8)));
      _mm256_storeu_si256(out + 8 * i + 4 + half, sign(_mm256_slli_epi16(w, 4)));
      _mm256_storeu_si256(out + 8 * i + 6 + half, sign(w));
    }
  }
}

}  // namespace deerbench::fused
