#include "tests/fuzz/mutator.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <utility>

namespace deerbench::fuzz {
namespace {

// Numbers at which readers go wrong, as text.
constexpr std::array<const char*, 22> kNumbers = {"0",
                                                  "-0",
                                                  "1",
                                                  "-1",
                                                  "0.5",
                                                  "255",
                                                  "256",
                                                  "65536",
                                                  "2147483647",
                                                  "-2147483648",
                                                  "2147483648",
                                                  "4294967295",
                                                  "4294967296",
                                                  "9223372036854775807",
                                                  "-9223372036854775808",
                                                  "18446744073709551615",
                                                  "18446744073709551616",
                                                  "1e-320",
                                                  "1e308",
                                                  "1e999",
                                                  "nan",
                                                  "inf"};
// The same as bytes.
constexpr std::array<uint64_t, 12> kWords = {
    0, 1, 7, 8, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff, 0x7fffffffffffffff, 0xffffffffffffffff};

bool IsNumberCharacter(char c) { return std::isdigit(static_cast<unsigned char>(c)) || c == '.' || c == '-'; }

}  // namespace

Mutator::Mutator(uint64_t seed, std::vector<std::string> dictionary, size_t max_bytes)
    : random_(seed), dictionary_(std::move(dictionary)), max_bytes_(max_bytes) {}

std::string Mutator::Mutate(std::string input, const std::string& other) {
  const size_t changes = size_t{1} << random_.Below(4);
  for (size_t i = 0; i < changes; ++i) ChangeOnce(input, other);
  if (input.size() > max_bytes_) input.resize(max_bytes_);
  return input;
}

size_t Mutator::Length(size_t most) {
  return 1 + random_.Below(random_.Below(8) == 0 ? most : std::min<size_t>(most, 16));
}

void Mutator::ReplaceNumber(std::string& input) {
  size_t begin = Place(input);
  while (begin < input.size() && !IsNumberCharacter(input[begin])) ++begin;
  size_t end = begin;
  while (end < input.size() && IsNumberCharacter(input[end])) ++end;
  input.replace(begin, end - begin, kNumbers[random_.Below(kNumbers.size())]);
}

void Mutator::ChangeOnce(std::string& input, const std::string& other) {
  const size_t at = Place(input);
  const size_t left = input.size() - at;
  switch (random_.Below(12)) {
    case 0:
      if (left > 0) input[at] = static_cast<char>(input[at] ^ (1 << random_.Below(8)));
      break;
    case 1:
      if (left > 0) input[at] = static_cast<char>(random_.Below(256));
      break;
    case 2:
      input.insert(at, Length(64), static_cast<char>(random_.Below(256)));
      break;
    case 3:
      if (left > 0) input.erase(at, Length(left));
      break;
    case 4: {  // a little-endian word over what is there
      const uint64_t word = kWords[random_.Below(kWords.size())];
      const size_t bytes = std::min<size_t>(left, size_t{1} << random_.Below(4));
      std::memcpy(input.data() + at, &word, bytes);
      break;
    }
    case 5:
    case 6:
      ReplaceNumber(input);
      break;
    case 7:
      if (!dictionary_.empty()) input.insert(at, dictionary_[random_.Below(dictionary_.size())]);
      break;
    case 8:  // a stretch again, somewhere else
      if (left > 0) input.insert(Place(input), input.substr(at, Length(left)));
      break;
    case 9:  // a stretch of another input
      if (!other.empty()) {
        const size_t from = random_.Below(other.size());
        const size_t length = Length(other.size() - from);
        input.replace(at, std::min(left, random_.Below(2) * length), other, from, length);
      }
      break;
    case 10: {  // deep nesting, or a long run
      static constexpr const char* kOpeners[] = {"[", "{\"a\":", "<a>", "- ", "a: ", "(", "\xf0\x9f\x98\x80"};
      const std::string opener = kOpeners[random_.Below(std::size(kOpeners))];
      std::string run;
      for (size_t n = Length(4096); n > 0; --n) run += opener;
      input.insert(at, run);
      break;
    }
    default:
      input.resize(at);
  }
}

}  // namespace deerbench::fuzz
