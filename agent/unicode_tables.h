// What the tokenizer knows about characters; made by scripts/make_unicode_tables.py.
#pragma once

#include <cstdint>
#include <span>

namespace deerbench {

struct CodeRange {
  uint32_t first, last;
  uint8_t value;
};
struct CodeTriple {
  uint32_t a, b, c;
};

// Sorted by `first`; codes in no range have value 0.
// Classes: 1 letter (L), 2 number in words (Nd, Nl), 3 other number (No), 4 other part of a word.
extern const std::span<const CodeRange> kCharacterClasses;
extern const std::span<const CodeRange> kCombiningClasses;  // canonical combining class
// Canonical, one step, without Hangul: {code, first, second or 0}, sorted by code.
extern const std::span<const CodeTriple> kDecompositions;
// Those that composition may undo: {first, second, code}, sorted.
extern const std::span<const CodeTriple> kCompositions;

}  // namespace deerbench
