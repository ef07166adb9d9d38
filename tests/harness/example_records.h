// Small records with every field set, for tests.
#pragma once

#include <filesystem>
#include <string>

#include "harness/eval_config.h"
#include "harness/record.h"

namespace deerbench {

// A chain whose first subtask succeeds after three steps and whose second one fails after two.
ChainRecord ExampleRecord(int index);

// `chains` chains of a policy that needs no registry.
EvalConfig ExampleConfig(int chains);

// A folder that is removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  std::filesystem::path path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string ReadText(const std::filesystem::path& path);
void WriteText(const std::filesystem::path& path, const std::string& text);

}  // namespace deerbench
