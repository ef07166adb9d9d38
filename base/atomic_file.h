// Files that are there whole or not at all.
#pragma once

#include <filesystem>
#include <string_view>

namespace deerbench {

// Writes `bytes` to a file beside `path`, flushes it to the disk and renames it to `path`: after a crash, a
// full disk or an exception `path` is what it was before or has all the bytes. Missing folders are not made.
// Throws Error naming the path and the system's reason.
void WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes);

}  // namespace deerbench
