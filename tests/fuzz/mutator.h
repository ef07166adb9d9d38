// Changes inputs at random: the same seed makes the same changes.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"

namespace deerbench::fuzz {

class Mutator {
 public:
  Mutator(uint64_t seed, std::vector<std::string> dictionary, size_t max_bytes);

  // One or several changes: bits, bytes, numbers, words, whole stretches, stretches of `other`.
  std::string Mutate(std::string input, const std::string& other);

 private:
  void ChangeOnce(std::string& input, const std::string& other);
  void ReplaceNumber(std::string& input);
  size_t Place(const std::string& input) { return random_.Below(input.size() + 1); }
  // A length from 1 to `most`, mostly short.
  size_t Length(size_t most);

  SplitMix64 random_;
  std::vector<std::string> dictionary_;
  size_t max_bytes_;
};

}  // namespace deerbench::fuzz
