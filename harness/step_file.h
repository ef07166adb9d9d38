// The sidecar of a chain: every control step's action and cost, and the world's state at the end. Little
// endian, packed; docs/run-folder.md has the layout.
#pragma once

#include <string>
#include <string_view>

#include "harness/record.h"

namespace deerbench {

// Of `steps`, `final_state` and `final_state_version`.
std::string EncodeSteps(const ChainRecord& record);

// Fills those. Throws Error saying what is wrong with the bytes.
void DecodeSteps(std::string_view bytes, ChainRecord& record);

}  // namespace deerbench
