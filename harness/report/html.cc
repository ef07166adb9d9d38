#include "harness/report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/utf8.h"

namespace deerbench {
namespace {

constexpr std::string_view kThinSpace = "\u202f";

}  // namespace

std::string Escape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Utf8Character character = DecodeUtf8(text);
    const bool control = character.code < 0x20 ? character.code != '\n' && character.code != '\t'
                                               : character.code >= 0x7F && character.code < 0xA0;
    if (!character.valid || control) {
      out += "\uFFFD";
    } else if (text[0] == '&') {
      out += "&amp;";
    } else if (text[0] == '<') {
      out += "&lt;";
    } else if (text[0] == '>') {
      out += "&gt;";
    } else if (text[0] == '"') {
      out += "&quot;";
    } else if (text[0] == '\'') {
      out += "&#39;";
    } else {
      out += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  return out;
}

std::string DataUri(std::string_view mime, std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out = fmt::format("data:{};base64,", mime);
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? static_cast<uint8_t>(bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) out += k <= count ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string Percent(double fraction) {
  const bool end = fraction == 0 || fraction == 1;
  return fmt::format("{:.{}f}{}%", 100 * fraction, end ? 0 : 1, kThinSpace);
}

std::string Figure(double value) {
  if (value == 0 || !std::isfinite(value)) return fmt::format("{}", value);
  const int magnitude = static_cast<int>(std::floor(std::log10(std::abs(value))));
  return fmt::format("{:.{}f}", value, std::clamp(2 - magnitude, 0, 9));
}

std::string IntervalText(const std::optional<Interval>& interval, double scale, int decimals) {
  if (!interval) return "";
  return fmt::format("[{:.{}f}, {:.{}f}]", (*interval)[0] * scale, decimals, (*interval)[1] * scale,
                     decimals);
}

Quantity Gmacs(double gmacs) {
  if (gmacs < 0.1) return {Figure(gmacs * 1000), "MMACs"};
  if (gmacs >= 1000) return {Figure(gmacs / 1000), "TMACs"};
  return {Figure(gmacs), "GMACs"};
}

Quantity Milliseconds(double ms) {
  if (ms < 0.0001) return {Figure(ms * 1e6), "ns"};
  if (ms < 0.1) return {Figure(ms * 1000), "µs"};
  if (ms >= 10'000) return {Figure(ms / 1000), "s"};
  return {Figure(ms), "ms"};
}

Quantity Mebibytes(double mib) {
  if (mib >= 1024) return {Figure(mib / 1024), "GiB"};
  return {Figure(mib), "MiB"};
}

Quantity Duration(double s) {
  if (s >= 5400) return {Figure(s / 3600), "h"};
  if (s >= 90) return {Figure(s / 60), "min"};
  return {Figure(s), "s"};
}

std::string SplitText(std::string_view split) {
  const size_t arrow = split.find("->");
  if (arrow == std::string_view::npos) return std::string(split);
  return fmt::format("{}→{}", split.substr(0, arrow), split.substr(arrow + 2));
}

std::string TaskText(std::string_view task) {
  std::string out(task);
  std::replace(out.begin(), out.end(), '_', ' ');
  return out;
}

}  // namespace deerbench
