#include "agent/unicode_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "agent/unicode_tables.h"
#include "base/error.h"
#include "base/utf8.h"

namespace deerbench {
namespace {

uint8_t ValueAt(std::span<const CodeRange> ranges, uint32_t code) {
  const auto it = std::upper_bound(ranges.begin(), ranges.end(), code,
                                   [](uint32_t c, const CodeRange& range) { return c < range.first; });
  return it != ranges.begin() && code <= std::prev(it)->last ? std::prev(it)->value : 0;
}

uint8_t Class(uint32_t code) { return ValueAt(kCharacterClasses, code); }
uint8_t CombiningClass(uint32_t code) { return code < 0x300 ? 0 : ValueAt(kCombiningClasses, code); }

// Hangul syllables are composed by arithmetic (Unicode standard, section 3.12).
constexpr uint32_t kSyllables = 0xAC00, kLeads = 0x1100, kVowels = 0x1161, kTrails = 0x11A7;
constexpr uint32_t kLeadCount = 19, kVowelCount = 21, kTrailCount = 28;
constexpr uint32_t kSyllableCount = kLeadCount * kVowelCount * kTrailCount;

void Decompose(uint32_t code, std::vector<uint32_t>& out) {
  if (code - kSyllables < kSyllableCount) {
    const uint32_t index = code - kSyllables;
    out.push_back(kLeads + index / (kVowelCount * kTrailCount));
    out.push_back(kVowels + index / kTrailCount % kVowelCount);
    if (index % kTrailCount) out.push_back(kTrails + index % kTrailCount);
    return;
  }
  const auto it = std::lower_bound(kDecompositions.begin(), kDecompositions.end(), code,
                                   [](const CodeTriple& entry, uint32_t c) { return entry.a < c; });
  if (it == kDecompositions.end() || it->a != code) {
    out.push_back(code);
    return;
  }
  Decompose(it->b, out);
  if (it->c) Decompose(it->c, out);
}

// The character that two make, 0 for none.
uint32_t Compose(uint32_t first, uint32_t second) {
  if (first - kLeads < kLeadCount && second - kVowels < kVowelCount) {
    return kSyllables + ((first - kLeads) * kVowelCount + (second - kVowels)) * kTrailCount;
  }
  if (first - kSyllables < kSyllableCount && (first - kSyllables) % kTrailCount == 0 &&
      second - kTrails - 1 < kTrailCount - 1) {
    return first + (second - kTrails);
  }
  const auto it = std::lower_bound(
      kCompositions.begin(), kCompositions.end(), CodeTriple{first, second, 0},
      [](const CodeTriple& x, const CodeTriple& y) { return x.a != y.a ? x.a < y.a : x.b < y.b; });
  return it != kCompositions.end() && it->a == first && it->b == second ? it->c : 0;
}

}  // namespace

bool IsLetter(uint32_t code) { return Class(code) == 1; }

bool IsNumber(uint32_t code) { return Class(code) == 2 || Class(code) == 3; }

bool IsWhiteSpace(uint32_t code) {
  return (code >= 9 && code <= 13) || code == 0x20 || code == 0x85 || code == 0xA0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F ||
         code == 0x205F || code == 0x3000;
}

bool IsWordCharacter(uint32_t code) {
  const uint8_t value = Class(code);
  return value == 1 || value == 2 || value == 4;
}

std::vector<uint32_t> DecodeUtf8Text(std::string_view text) {
  std::vector<uint32_t> codes;
  codes.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Utf8Character character = DecodeUtf8(text.substr(at));
    if (!character.valid) Fail(fmt::format("text is not valid UTF-8 at byte {}", at));
    codes.push_back(character.code);
    at += character.bytes;
  }
  return codes;
}

void AppendUtf8(uint32_t code, std::string& out) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string NormaliseNfc(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; }))
    return std::string(text);
  std::vector<uint32_t> codes;
  for (const uint32_t code : DecodeUtf8Text(text)) Decompose(code, codes);
  // Canonical order: marks between two starters by their class.
  for (size_t i = 0; i < codes.size();) {
    size_t end = i;
    while (end < codes.size() && CombiningClass(codes[end]) != 0) ++end;
    std::stable_sort(codes.begin() + i, codes.begin() + end,
                     [](uint32_t a, uint32_t b) { return CombiningClass(a) < CombiningClass(b); });
    i = end + 1;
  }
  // Each character joins the last starter unless one of its own class or above, or a starter, stands between.
  constexpr size_t kNone = SIZE_MAX;
  std::vector<uint32_t> composed;
  size_t starter = kNone;
  int last_class = -1;
  for (const uint32_t code : codes) {
    const int combining = CombiningClass(code);
    if (starter != kNone && last_class < combining) {
      if (const uint32_t joined = Compose(composed[starter], code)) {
        composed[starter] = joined;
        continue;
      }
    }
    if (combining == 0) {
      starter = composed.size();
      last_class = -1;
    } else {
      last_class = combining;
    }
    composed.push_back(code);
  }
  std::string out;
  for (const uint32_t code : composed) AppendUtf8(code, out);
  return out;
}

}  // namespace deerbench
