// JSON of files that anybody may have written.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace deerbench {

// The value of a text; a discarded one (json::is_discarded) if the text is not JSON or nested deeper than any
// of our files: whatever copies or prints a value calls itself for each level.
nlohmann::json ParseJson(std::string_view text);

// A value as it is shown in messages: JSON, cut short where it is long.
std::string Shown(const nlohmann::json& value);

}  // namespace deerbench
