// Demonstrations for tests, and folders to put them into.
#pragma once

#include <filesystem>
#include <string>

#include "datasets/demonstration.h"

namespace deerbench::test {

// Made-up numbers, every one different, decided by `seed`.
Demonstration ExampleDemo(int length, uint64_t seed);

bool Same(const Demonstration& a, const Demonstration& b);

// A new empty folder, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace deerbench::test
