#include "agent/prompt.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/unicode_text.h"
#include "base/error.h"

namespace deerbench {
namespace {

constexpr const char* kImage = "<image>";
constexpr const char* kEndOfChunk = "<|endofchunk|>";
constexpr const char* kEndOfText = "<|endoftext|>";
constexpr const char* kPad = "<PAD>";

int Require(const Tokenizer& tokenizer, const char* token) {
  const auto id = tokenizer.Find(token);
  if (!id) Fail(fmt::format("{}: token '{}' is missing", tokenizer.name(), token));
  return *id;
}

// A token that the vocabulary has but that is no added token is known by name, and cut into others in a text.
void CheckPrompt(const Tokenizer& tokenizer, const LanguageConfig& config, const PromptConfig& prompt) {
  const std::vector<int> ids = tokenizer.Encode(PromptText("go", prompt));
  const auto check = [&](const char* token, size_t place, int id) {
    if (place >= ids.size() || ids[place] != id) {
      Fail(fmt::format("{}: token '{}' is not cut out of a prompt whole, expected it in 'added_tokens'",
                       tokenizer.name(), token));
    }
  };
  check(kImage, 0, config.media_token);
  if (prompt.end_of_text) check(kEndOfText, ids.size() - 1, config.eos_token);
  check(kEndOfChunk, ids.size() - (prompt.end_of_text ? 2 : 1), config.end_of_chunk_token);
}

// What Python's str.strip takes away.
bool IsStripped(uint32_t code) { return IsWhiteSpace(code) || (code >= 0x1C && code <= 0x1F); }

}  // namespace

std::string PromptText(std::string_view sentence, const PromptConfig& config) {
  const auto codes = DecodeUtf8Text(sentence.substr(0, sentence.find('\n')));
  const auto is_text = [](uint32_t code) { return !IsStripped(code); };
  const auto begin = std::find_if(codes.begin(), codes.end(), is_text);
  const auto end = std::find_if(codes.rbegin(), std::make_reverse_iterator(begin), is_text).base();
  std::string prompt = kImage;
  for (auto it = begin; it != end; ++it) AppendUtf8(*it, prompt);
  prompt += kEndOfChunk;
  if (config.end_of_text) prompt += kEndOfText;
  return prompt;
}

std::vector<int> PromptTokens(std::string_view sentence, const Tokenizer& tokenizer,
                              const PromptConfig& config) {
  std::vector<int> ids = tokenizer.Encode(PromptText(sentence, config));
  if (ids.size() > static_cast<size_t>(config.max_tokens)) ids.resize(config.max_tokens);
  return ids;
}

void FitToTokenizer(const Tokenizer& tokenizer, LanguageConfig& config) {
  config.vocab_size = tokenizer.vocab_size();
  config.eos_token = Require(tokenizer, kEndOfText);
  config.end_of_chunk_token = Require(tokenizer, kEndOfChunk);
  config.media_token = Require(tokenizer, kImage);
  config.pad_token = Require(tokenizer, kPad);
}

void CheckTokenizer(const Tokenizer& tokenizer, const LanguageConfig& config, const PromptConfig& prompt) {
  const auto check = [&](const char* token, const char* field, int expected) {
    const int id = Require(tokenizer, token);
    if (id != expected) {
      Fail(fmt::format("{}: token '{}' has id {}, expected 'language.{}' of the agent config ({})",
                       tokenizer.name(), token, id, field, expected));
    }
  };
  check(kEndOfText, "eos_token", config.eos_token);
  check(kEndOfChunk, "end_of_chunk_token", config.end_of_chunk_token);
  check(kImage, "media_token", config.media_token);
  check(kPad, "pad_token", config.pad_token);
  if (tokenizer.vocab_size() > config.vocab_size) {
    Fail(fmt::format("{}: has {} tokens, expected at most 'language.vocab_size' of the agent config ({})",
                     tokenizer.name(), tokenizer.vocab_size(), config.vocab_size));
  }
  CheckPrompt(tokenizer, config, prompt);
}

}  // namespace deerbench
