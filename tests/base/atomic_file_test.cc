#include "base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
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

TEST_CASE("Of a link the file that it leads to is written, and the link stays") {
  const TemporaryFolder folder;
  const fs::path link = folder.path() / "latest", target = folder.path() / "runs" / "one";
  fs::create_directory(folder.path() / "runs");
  fs::create_symlink("runs/first", link);  // by way of another link, both as seen from where they lie
  fs::create_symlink("one", folder.path() / "runs" / "first");
  WriteFileAtomically(link, "new");  // to nothing yet
  CHECK(Read(target) == "new");
  WriteFileAtomically(link, "newer");
  CHECK(Read(target) == "newer");
  CHECK(fs::is_symlink(link));
  CHECK(fs::is_symlink(folder.path() / "runs" / "first"));
  CHECK(std::distance(fs::directory_iterator(folder.path() / "runs"), fs::directory_iterator{}) == 2);

  fs::create_symlink("circle", folder.path() / "circle");
  CHECK_THROWS_WITH(WriteFileAtomically(folder.path() / "circle", "x"), Catch::Contains("circle: cannot be"));
  CHECK(fs::is_symlink(folder.path() / "circle"));
}

TEST_CASE("A device or a pipe is written to, not replaced") {
  const TemporaryFolder folder;
  const fs::path full = folder.path() / "full", null = folder.path() / "null", fifo = folder.path() / "fifo";
  fs::create_symlink("/dev/full", full);
  CHECK_THROWS_WITH(WriteFileAtomically(full, "x"), Catch::Contains("full: cannot be written"));
  fs::create_symlink("/dev/null", null);
  WriteFileAtomically(null, "x");
  CHECK(fs::is_symlink(full));
  CHECK(fs::is_symlink(null));
  CHECK(fs::is_character_file(null));

  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  const int reader = open(fifo.c_str(), O_RDONLY | O_NONBLOCK);
  REQUIRE(reader >= 0);
  WriteFileAtomically(fifo, "data");
  std::array<char, 8> bytes{};
  CHECK(read(reader, bytes.data(), bytes.size()) == 4);
  CHECK(std::string(bytes.data()) == "data");
  close(reader);
  CHECK(fs::is_fifo(fifo));
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator{}) == 3);
}

}  // namespace
}  // namespace deerbench
