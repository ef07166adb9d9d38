// Characters and their classes, as a tokenizer sees them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace deerbench {

bool IsLetter(uint32_t code);         // \p{L}
bool IsNumber(uint32_t code);         // \p{N}
bool IsWhiteSpace(uint32_t code);     // \s: the property White_Space
bool IsWordCharacter(uint32_t code);  // \w of Unicode regular expressions

// Throws Error naming the byte where the text is not valid UTF-8.
std::vector<uint32_t> DecodeUtf8Text(std::string_view text);
void AppendUtf8(uint32_t code, std::string& out);

// Unicode normalisation form C of valid UTF-8.
std::string NormaliseNfc(std::string_view text);

}  // namespace deerbench
