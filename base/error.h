// The one exception type of the libraries, and the one way to raise it.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace deerbench {

// Bad input or an environment that cannot be worked with. The message is one line that names the field, the
// value and what was expected: it is shown to users as it is.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
};

// Throws Error(message).
[[noreturn]] void Fail(std::string_view message);

// Throws Error(message) unless `condition` holds. Where building the message costs anything, write
// `if (!condition) Fail(...)` instead.
inline void Require(bool condition, std::string_view message) {
  if (!condition) [[unlikely]]
    Fail(message);
}

}  // namespace deerbench
