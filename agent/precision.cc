#include "agent/precision.h"

#include <fmt/format.h>

#include <optional>
#include <set>
#include <string_view>

#include "base/error.h"

namespace deerbench {
namespace {

constexpr const char* kNames[] = {"fp32", "bf16", "fp16", "int8", "int4"};  // as WeightType

std::optional<WeightType> TypeByName(std::string_view name) {
  for (int i = 0; i < 5; ++i) {
    if (name == kNames[i]) return static_cast<WeightType>(i);
  }
  return std::nullopt;
}

}  // namespace

const char* WeightTypeName(WeightType type) { return kNames[static_cast<int>(type)]; }

Precision ParsePrecision(const std::string& text) {
  if (const auto type = TypeByName(text)) return {.llm = *type, .vision = *type, .head = *type};
  const auto fail = [&] {
    Fail(fmt::format(
        "precision: '{}', expected fp32, bf16, fp16, int8 or int4, or one of them for each of llm, "
        "vision and head, such as llm=int8,vision=bf16",
        text));
  };
  Precision precision;
  std::set<std::string> seen;
  for (std::string_view rest = text;;) {
    const std::string_view item = rest.substr(0, rest.find(','));
    const size_t equals = item.find('=');
    if (equals == std::string_view::npos) fail();
    const std::string part(item.substr(0, equals));
    const auto type = TypeByName(item.substr(equals + 1));
    if (!type || !seen.insert(part).second) fail();
    if (part == "llm") {
      precision.llm = *type;
    } else if (part == "vision") {
      precision.vision = *type;
    } else if (part == "head") {
      precision.head = *type;
    } else {
      fail();
    }
    if (item.size() == rest.size()) return precision;
    rest.remove_prefix(item.size() + 1);
  }
}

std::string ToText(const Precision& precision) {
  const auto& [llm, vision, head] = precision;
  if (llm == vision && llm == head) return WeightTypeName(llm);
  std::string text;
  const auto add = [&](const char* part, WeightType type) {
    if (type == WeightType::kFloat32) return;
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", part, WeightTypeName(type));
  };
  add("llm", llm);
  add("vision", vision);
  add("head", head);
  return text;
}

}  // namespace deerbench
