#include "agent/cuda/cuda_agent.h"

#include <fmt/format.h>

#include "base/error.h"

namespace deerbench::cuda {

WeightTypes WeightTypesOf(const Precision& precision) {
  const auto number = [&](WeightType type) {
    if (type == WeightType::kFloat32) return Number::kFloat32;
    if (type == WeightType::kBFloat16) return Number::kBFloat16;
    if (type == WeightType::kFloat16) return Number::kFloat16;
    Fail(fmt::format("precision: '{}', expected fp32, bf16 or fp16 with backend cuda", ToText(precision)));
  };
  return {.llm = number(precision.llm), .vision = number(precision.vision), .head = number(precision.head)};
}

}  // namespace deerbench::cuda
