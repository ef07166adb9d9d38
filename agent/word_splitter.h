// GPT-2's way to cut a text into words before merging.
#pragma once

#include <string_view>
#include <vector>

namespace deerbench {

// The matches, which cover the text, of
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// in valid UTF-8.
std::vector<std::string_view> SplitWords(std::string_view text);

}  // namespace deerbench
