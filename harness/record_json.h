// Chain records as lines of episodes.jsonl, and the canonical lines that a run's digest is taken over. Both
// are described in docs/run-folder.md.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "harness/record.h"

namespace deerbench {

// One line without its end: all but the steps and the final state.
std::string ToJsonLine(const ChainRecord& record);
// Throws Error saying what is wrong.
ChainRecord ChainRecordFromJson(std::string_view line);

// The inverse of ToJson(Chain); other keys are ignored. Throws Error, or nlohmann's exception for missing
// keys.
Chain ChainFromJson(const nlohmann::json& json);

// What of a chain enters the digest, as one line with its end. Needs steps and final state.
std::string DigestLine(const ChainRecord& record);

}  // namespace deerbench
