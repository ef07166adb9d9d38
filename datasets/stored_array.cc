#include "datasets/stored_array.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/sha256.h"

namespace deerbench {
namespace {

constexpr std::array<std::pair<StoredType, std::string_view>, 4> kNames = {{{StoredType::kU8, "uint8"},
                                                                            {StoredType::kI64, "int64"},
                                                                            {StoredType::kF32, "float32"},
                                                                            {StoredType::kF64, "float64"}}};

// Names that mean something else in a demonstration's group.
constexpr std::array<std::string_view, 12> kTaken = {
    "actions",       "executed_actions", "labelled", "states",  "final_state", "start_contacts",
    "obs/robot_obs", "obs/scene_obs",    "obs",      "rewards", "dones",       "final_obs"};

bool IsName(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// What a row must be, for the pictures; nothing for other arrays.
std::vector<uint64_t> PictureShape(std::string_view name) {
  if (name == kStoredStatic) return {200, 200, 3};
  if (name == kStoredGripper) return {84, 84, 3};
  return {};
}

}  // namespace

size_t SizeOf(StoredType type) {
  switch (type) {
    case StoredType::kU8:
      return 1;
    case StoredType::kF32:
      return 4;
    case StoredType::kI64:
    case StoredType::kF64:
      return 8;
  }
  Fail("stored array: no such type");
}

std::string_view NameOf(StoredType type) {
  for (const auto& [candidate, name] : kNames) {
    if (candidate == type) return name;
  }
  Fail("stored array: no such type");
}

StoredType StoredTypeByName(std::string_view wanted) {
  for (const auto& [type, name] : kNames) {
    if (name == wanted) return type;
  }
  Fail(fmt::format("stored array: type is {}, expected uint8, int64, float32 or float64", wanted));
}

StoredDigest DigestOf(const StoredArray& array) {
  Sha256 sha;
  sha.Update(fmt::format("{} {} {}\n", array.name, NameOf(array.type), fmt::join(array.shape, ",")));
  sha.Update(array.bytes);
  return {array.name, sha.HexDigest()};
}

void Validate(const StoredArray& array, int steps) {
  const std::string& name = array.name;
  if (!IsName(array.by_step() ? std::string_view(name).substr(4) : name) ||
      std::ranges::count(kTaken, name) > 0)
    Fail(fmt::format("demonstration: stored array '{}': expected another name, of a-z, 0-9 and _", name));
  if (array.shape.empty() || array.shape.size() > 6)
    Fail(fmt::format("demonstration: {} has {} dimensions, expected 1 to 6", name, array.shape.size()));
  uint64_t bytes = SizeOf(array.type);
  for (const uint64_t extent : array.shape) {
    if (extent < 1 || extent > (uint64_t{1} << 40) / bytes)
      Fail(fmt::format("demonstration: {} has shape ({}), expected 1 or more everywhere, at most 1 TiB", name,
                       fmt::join(array.shape, ", ")));
    bytes *= extent;
  }
  if (bytes != array.bytes.size())
    Fail(fmt::format("demonstration: {} has {} bytes, expected {}", name, array.bytes.size(), bytes));
  if (!array.by_step()) return;
  const auto rows = static_cast<uint64_t>(steps);
  if (array.shape[0] != rows && array.shape[0] != rows + 1)
    Fail(fmt::format("demonstration: {} has {} rows, expected {} or {}", name, array.shape[0], rows,
                     rows + 1));
  const std::vector<uint64_t> row(array.shape.begin() + 1, array.shape.end()), picture = PictureShape(name);
  if (!picture.empty() && (row != picture || array.type != StoredType::kU8))
    Fail(fmt::format("demonstration: {} has rows ({}) of {}, expected ({}) of uint8", name,
                     fmt::join(row, ", "), NameOf(array.type), fmt::join(picture, ", ")));
}

}  // namespace deerbench
