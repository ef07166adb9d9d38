// UTF-8, one character at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace deerbench {

struct Utf8Character {
  uint32_t code = 0;
  size_t bytes = 1;  // it takes in the text
  bool valid = true;
};

// The character that starts `text` (not empty). A byte that starts none is taken alone, as itself.
Utf8Character DecodeUtf8(std::string_view text);

}  // namespace deerbench
