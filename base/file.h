// Reading whole files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace deerbench {

// The bytes of a regular file. Throws Error naming the file if it is missing, unreadable or longer than
// `max_bytes`.
std::string ReadFile(const std::filesystem::path& file, uint64_t max_bytes = 1ull << 30);

}  // namespace deerbench
