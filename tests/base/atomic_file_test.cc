#include "base/atomic_file.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/error.h"
#include "tests/support/temporary_folder.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

std::string Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_CASE("An atomically written file replaces the old one and leaves nothing beside it") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "summary.json";
  const std::string binary("a\0b\n", 4);
  WriteFileAtomically(path, "old");
  WriteFileAtomically(path, binary);
  CHECK(Read(path) == binary);
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator{}) == 1);
}

TEST_CASE("A file that cannot be put in place names its path and leaves nothing behind") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(WriteFileAtomically(folder.path() / "missing" / "x", "data"),
                    Catch::Contains("missing/x"));
  fs::create_directories(folder.path() / "taken" / "inside");
  CHECK_THROWS_AS(WriteFileAtomically(folder.path() / "taken", "data"), Error);
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator{}) == 1);
}

}  // namespace
}  // namespace deerbench
