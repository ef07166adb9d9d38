// How the weights of an agent's parts are stored while it runs.
#pragma once

#include <string>

namespace deerbench {

enum class WeightType {
  kFloat32,
  kBFloat16,  // bfloat16 and float16: products and sums in single precision
  kFloat16,
  kInt8,  // integers with a scale for each output and group of inputs, products in integers with activations
  kInt4,  // rounded to 16 bits a row
};
const char* WeightTypeName(WeightType type);  // fp32, bf16, fp16, int8, int4

struct Precision {
  WeightType llm = WeightType::kFloat32;
  WeightType vision = WeightType::kFloat32;  // encoder and resampler
  WeightType head = WeightType::kFloat32;

  bool single() const { return *this == Precision(); }
  friend bool operator==(const Precision&, const Precision&) = default;
};

// "int8" for all parts, or by part, as in "llm=int8,vision=bf16": a part that is not named keeps fp32. Throws
// Error naming the text.
Precision ParsePrecision(const std::string& text);
// The shortest text that gives it.
std::string ToText(const Precision& precision);

}  // namespace deerbench
