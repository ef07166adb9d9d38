#include "base/file.h"

#include <fmt/format.h>

#include <fstream>
#include <system_error>

#include "base/error.h"

namespace deerbench {

std::string ReadFile(const std::filesystem::path& file, uint64_t max_bytes) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) Fail(fmt::format("{}: no such file", file.string()));
  if (!std::filesystem::is_regular_file(status)) Fail(fmt::format("{}: not a file", file.string()));
  const uint64_t size = std::filesystem::file_size(file, error);
  if (error) Fail(fmt::format("{}: cannot be read ({})", file.string(), error.message()));
  if (size > max_bytes)
    Fail(fmt::format("{}: {} bytes, expected at most {}", file.string(), size, max_bytes));
  std::ifstream in(file, std::ios::binary);
  std::string bytes(size, '\0');
  if (!in.read(bytes.data(), static_cast<std::streamsize>(size)))
    Fail(fmt::format("{}: cannot be read", file.string()));
  return bytes;
}

}  // namespace deerbench
