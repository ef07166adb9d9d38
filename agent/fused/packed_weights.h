// Weights of a matrix product in the order in which the kernels read them, in one of five types.
#pragma once

#include <cstdint>
#include <span>

#include "agent/fused/matrix.h"
#include "agent/precision.h"

namespace deerbench::fused {

inline constexpr int kPanel = 16;  // outputs computed together

// What the integer types share: a scale for each output and group of inputs.
inline constexpr int kInt8Group = 128, kInt4Group = 64;
inline constexpr int kGroupUnit = 128;  // inputs are rounded up to it, with zeros

// W (out, in), row-major as checkpoints hold it, as panels of 16 outputs, zero behind the last output. Panel
// p holds, one after the other,
//   floating types: for each input the 16 weights of outputs 16 p to 16 p + 15;
//   kInt8: for each two inputs (k, k + 1) the 16 outputs' pairs of bytes;
//   kInt4: for each eight inputs k the 16 outputs' pairs of 16-bit words; bits 4 j to 4 j + 3 of the first
//   word
//          are the weight of input k + 2 j, of the second that of k + 2 j + 1.
class PackedWeights {
 public:
  PackedWeights() = default;
  PackedWeights(std::span<const float> weights, int out, int in, std::span<const float> bias = {},
                WeightType type = WeightType::kFloat32);

  int out() const { return out_; }
  int in() const { return in_; }
  WeightType type() const { return type_; }
  bool integer() const { return type_ >= WeightType::kInt8; }
  int padded_in() const { return integer() ? RoundUp(in_, kGroupUnit) : in_; }
  int group() const { return type_ == WeightType::kInt8 ? kInt8Group : kInt4Group; }
  int groups() const { return padded_in() / group(); }
  int panels() const { return (out_ + kPanel - 1) / kPanel; }

  // Bytes of `inputs` inputs of a panel.
  size_t PanelBytes(int inputs) const;
  const uint8_t* panel(int p) const { return weights_.data() + p * PanelBytes(padded_in()); }
  // kFloat32's.
  const float* float_panel(int p) const { return reinterpret_cast<const float*>(panel(p)); }
  // The integer types': (groups, 16).
  const float* scales(int p) const { return scales_.data() + static_cast<size_t>(p) * groups() * kPanel; }
  const float* bias() const { return bias_.data(); }  // 16 * panels(), zero where there is none
  size_t bytes() const { return weights_.bytes() + scales_.bytes() + bias_.bytes(); }

 private:
  void PackFloats(std::span<const float> weights);
  void PackIntegers(std::span<const float> weights);

  int out_ = 0, in_ = 0;
  WeightType type_ = WeightType::kFloat32;
  Array<uint8_t> weights_;
  Floats scales_, bias_;
};

// A panel's weights as the inner loops take them: floats (inputs, 16) of kBFloat16 and kFloat16, pairs of
// 16-bit integers (inputs / 2, 16, 2) of kInt8 and kInt4. `inputs` is a multiple of 8 for kInt4 and even for
// kInt8.
void DecodeFloats(WeightType type, const uint8_t* from, int inputs, float* to);
void DecodeIntegers(WeightType type, const uint8_t* from, int inputs, int16_t* to);

}  // namespace deerbench::fused
