// Numbers and words from text files, without locale and without surprises: "1.5x", "nan" and "1e999" are not
// numbers.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace deerbench {

// A finite decimal number that takes up all of `text`, or nothing.
std::optional<double> ParseNumber(std::string_view text);

// An integer that takes up all of `text`, or nothing.
std::optional<int> ParseInteger(std::string_view text);

// Takes the next word (separated by blanks, tabs, line ends) off the front of `text`; empty at the end.
std::string_view NextWord(std::string_view& text);

// Takes the next line off the front of `text`, without its line end (\n or \r\n).
std::string_view NextLine(std::string_view& text);

// All words of `text`.
std::vector<std::string_view> Words(std::string_view text);

}  // namespace deerbench
