// How the precision of an agent's parts is said.
#include "agent/precision.h"

#include <catch2/catch.hpp>

#include "base/error.h"

namespace deerbench {
namespace {

TEST_CASE("A precision is one type for all parts or one for each that is named") {
  CHECK(ParsePrecision("fp32").single());
  CHECK(ParsePrecision("int8") == Precision{WeightType::kInt8, WeightType::kInt8, WeightType::kInt8});
  CHECK(ParsePrecision("vision=bf16,llm=int4") ==
        Precision{.llm = WeightType::kInt4, .vision = WeightType::kBFloat16});
  CHECK(ParsePrecision("llm=fp16,vision=fp16,head=fp32") ==
        Precision{.llm = WeightType::kFloat16, .vision = WeightType::kFloat16});
  for (const char* text :
       {"fp32", "bf16", "fp16", "int8", "int4", "llm=int8", "llm=int8,vision=bf16", "vision=int4,head=fp16"})
    CHECK(ToText(ParsePrecision(text)) == text);
  CHECK(ToText(ParsePrecision("head=int8,llm=int8,vision=int8")) == "int8");
  CHECK(ToText(ParsePrecision("head=fp32")) == "fp32");
  for (const char* text : {"", "fp64", "llm", "llm=", "llm=int8,", "llm=int8;head=int8", "body=int8",
                           "llm=int8,llm=int8", "=int8", ",llm=int8"})
    CHECK_THROWS_WITH(ParsePrecision(text),
                      Catch::StartsWith("precision: '" + std::string(text) + "', expected fp32, bf16, "));
}

}  // namespace
}  // namespace deerbench
