// Made-up evaluation data: pictures of a table with moving blocks, whole run folders. For tests of what is
// shown only; nothing outside tests sees it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/report/picture.h"

namespace deerbench {

// A table with a drawer front and three blocks, one of them moved by `time` in [0, 1]; a little texture, so
// that coders have work to do.
Picture SyntheticView(int size, double time);

struct SyntheticRunOptions {
  std::string policy = "deer";
  int chains = 40;
  double skill = 0.85;                 // chance of each subtask to succeed
  int strips = 3;                      // chains with pictures
  int videos = 1;                      // chains with a video
  bool costs = true;                   // a policy that has something to count
  double gmacs = 0.0123;               // of its language model, a step
  std::string first_instruction = {};  // replaces that of the first subtask of chain 0
  uint64_t seed = 1;
};

// Fills a new run folder as an evaluation would.
void MakeSyntheticRun(const std::filesystem::path& folder, const SyntheticRunOptions& options);

}  // namespace deerbench
