#include "agent/word_splitter.h"

#include "agent/unicode_text.h"
#include "base/utf8.h"

namespace deerbench {
namespace {

enum class Kind { kSpace, kLetter, kNumber, kOther };

Kind KindOf(uint32_t code) {
  if (IsWhiteSpace(code)) return Kind::kSpace;
  if (IsLetter(code)) return Kind::kLetter;
  return IsNumber(code) ? Kind::kNumber : Kind::kOther;
}

// Bytes of the run of `kind` that starts the text, and of its last character.
struct Run {
  size_t bytes = 0, last = 0;
};
Run RunOf(std::string_view text, Kind kind) {
  Run run;
  while (run.bytes < text.size()) {
    const Utf8Character next = DecodeUtf8(text.substr(run.bytes));
    if (KindOf(next.code) != kind) break;
    run.bytes += next.bytes;
    run.last = next.bytes;
  }
  return run;
}

size_t MatchLength(std::string_view text) {
  for (const std::string_view ending : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}) {
    if (text.starts_with(ending)) return ending.size();
  }
  const size_t space = text[0] == ' ' ? 1 : 0;
  if (space < text.size()) {
    const Kind kind = KindOf(DecodeUtf8(text.substr(space)).code);
    if (kind != Kind::kSpace) return space + RunOf(text.substr(space), kind).bytes;
  }
  // White space: all of it at the end of the text; else the last character is left for the next word, unless
  // it is the only one.
  const Run run = RunOf(text, Kind::kSpace);
  return run.bytes == text.size() || run.bytes == run.last ? run.bytes : run.bytes - run.last;
}

}  // namespace

std::vector<std::string_view> SplitWords(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t length = MatchLength(text);
    words.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return words;
}

}  // namespace deerbench
