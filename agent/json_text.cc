#include "agent/json_text.h"

#include <nlohmann/json.hpp>

namespace deerbench {

using nlohmann::json;

json ParseJson(std::string_view text) {
  constexpr int kMaxDepth = 100;
  bool too_deep = false;
  const auto watch = [&](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > kMaxDepth;
    return !too_deep;
  };
  json value = json::parse(text, watch, /*allow_exceptions=*/false);
  if (too_deep) return json(json::value_t::discarded);
  return value;
}

std::string Shown(const json& value) {
  constexpr size_t kMaxBytes = 120;
  std::string text = value.dump();
  if (text.size() <= kMaxBytes) return text;
  size_t end = kMaxBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not within a character
  text.resize(end);
  return text + "...";
}

}  // namespace deerbench
