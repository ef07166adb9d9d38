// From a sentence to the language model's tokens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/config.h"
#include "agent/tokenizer.h"

namespace deerbench {

// "<image>" + sentence + "<|endofchunk|>" and, if the config has it, "<|endoftext|>". Of the sentence only
// the first line counts, without white space around it.
std::string PromptText(std::string_view sentence, const PromptConfig& config);

// Its tokens, cut off after max_tokens as the official code cuts (what goes first are the tokens at the end).
// Throws Error if the sentence is not valid UTF-8.
std::vector<int> PromptTokens(std::string_view sentence, const Tokenizer& tokenizer,
                              const PromptConfig& config);

// Writes the tokenizer's size and special tokens into a config that training is to start from. Throws Error
// where the tokenizer lacks one.
void FitToTokenizer(const Tokenizer& tokenizer, LanguageConfig& config);

// Throws Error unless the special tokens have the config's ids, those of a prompt also where they stand in
// one, and every id is below its vocab_size.
void CheckTokenizer(const Tokenizer& tokenizer, const LanguageConfig& config,
                    const PromptConfig& prompt = {.end_of_text = false});

}  // namespace deerbench
