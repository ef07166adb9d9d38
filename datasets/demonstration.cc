#include "datasets/demonstration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/sha256.h"

namespace deerbench {
namespace {

// Numbers one by one: structs and vectors of arrays hash as the numbers they hold.
class Hasher {
 public:
  void Add(std::string_view text) {
    AddNumber<uint64_t>(text.size());
    sha_.Update(text);
  }
  template <typename T>
  void AddNumber(T value) {
    sha_.Update(std::as_bytes(std::span(&value, 1)));
  }
  template <typename T>
  void AddAll(std::span<const T> values) {
    AddNumber<uint64_t>(values.size());
    sha_.Update(std::as_bytes(values));
  }
  std::string Hex() const { return sha_.HexDigest(); }

 private:
  Sha256 sha_;
};

template <typename Rows>
void RequireRows(std::string_view field, const Rows& rows, size_t expected) {
  if (rows.size() != expected)
    Fail(fmt::format("demonstration: {} has {} rows, expected {}", field, rows.size(), expected));
}

template <typename Row>
void RequireFinite(std::string_view field, const std::vector<Row>& rows) {
  for (size_t t = 0; t < rows.size(); ++t) {
    for (size_t i = 0; i < rows[t].size(); ++i) {
      if (!std::isfinite(rows[t][i]))
        Fail(fmt::format("demonstration: {}[{}][{}] is {}, expected a finite number", field, t, i,
                         rows[t][i]));
    }
  }
}

void RequireLegal(std::string_view field, const std::vector<RelativeAction>& actions) {
  for (size_t t = 0; t < actions.size(); ++t) {
    for (size_t i = 0; i < 7; ++i) {
      const double a = actions[t][i];
      if (i < 6 ? a >= -1 && a <= 1 : a == -1 || a == 1) continue;
      Fail(fmt::format("demonstration: {}[{}][{}] is {}, expected {}", field, t, i, a,
                       i < 6 ? "a number in [-1, 1]" : "-1 (close) or 1 (open)"));
    }
  }
}

// Pictures have a row for the time after the last step wherever states do, and both or none of them have.
void ValidateStored(const Demonstration& demo) {
  const auto steps = static_cast<uint64_t>(demo.info.length);
  std::set<std::string> names;
  uint64_t rows = demo.states.empty() ? 0 : steps + 1;
  for (const StoredArray& array : demo.stored) {
    Validate(array, demo.info.length);
    if (!names.insert(array.name).second)
      Fail(fmt::format("demonstration: stored array '{}' is there twice", array.name));
    if (!array.by_step()) continue;
    const bool picture = array.name == kStoredStatic || array.name == kStoredGripper;
    if (rows == 0 && picture) rows = array.shape[0];
    if ((picture || !demo.states.empty()) && array.shape[0] != rows)
      Fail(fmt::format("demonstration: {} has {} rows, expected {}", array.name, array.shape[0], rows));
  }
  if (demo.states.empty() && !(names.contains(kStoredStatic) && names.contains(kStoredGripper))) {
    Fail(fmt::format("demonstration: has no states, expected {} and {} stored", kStoredStatic,
                     kStoredGripper));
  }
  if (demo.states.empty() && !demo.start_contacts.bytes.empty())
    Fail("demonstration: start_contacts is there without states");
}

}  // namespace

bool HasPictures(const DemoInfo& info) {
  return std::ranges::count(info.stored, kStoredStatic) > 0 &&
         std::ranges::count(info.stored, kStoredGripper) > 0;
}

DemoInfo CompleteInfo(const Demonstration& demo) {
  DemoInfo info = demo.info;
  info.has_states = !demo.states.empty();
  info.moments = info.length + (info.has_states ? 1 : 0);
  info.stored.clear();
  for (const StoredArray& array : demo.stored) {
    info.stored.push_back(array.name);
    if (array.name == kStoredStatic) info.moments = static_cast<int>(array.shape[0]);
  }
  return info;
}

void Validate(const Demonstration& demo) {
  const DemoInfo& info = demo.info;
  if (info.task < 0 || info.task >= kTaskCount)
    Fail(fmt::format("demonstration: task is {}, expected 0 to {}", info.task, kTaskCount - 1));
  if (info.length < 1) Fail(fmt::format("demonstration: length is {}, expected 1 or more", info.length));
  const auto steps = static_cast<size_t>(info.length);
  if (!demo.states.empty()) RequireRows("states", demo.states, steps + 1);
  ValidateStored(demo);
  RequireRows("robot_obs", demo.robot_obs, steps);
  RequireRows("scene_obs", demo.scene_obs, steps);
  RequireRows("actions", demo.actions, steps);
  RequireRows("executed", demo.executed, steps);
  if (!demo.labelled.empty()) RequireRows("labelled", demo.labelled, steps);
  for (size_t t = 0; t < demo.states.size(); ++t) {
    const WorldState& state = demo.states[t];
    if (state.version != WorldState::kVersion || state.values.size() != kStateSize) {
      Fail(fmt::format("demonstration: states[{}] has version {} and {} values, expected {} and {}", t,
                       state.version, state.values.size(), WorldState::kVersion, kStateSize));
    }
    for (size_t i = 0; i < kStateSize; ++i) {
      if (!std::isfinite(state.values[i]))
        Fail(fmt::format("demonstration: states[{}][{}] is {}, expected a finite number", t, i,
                         state.values[i]));
    }
  }
  RequireFinite("robot_obs", demo.robot_obs);
  RequireFinite("scene_obs", demo.scene_obs);
  RequireLegal("actions", demo.actions);
  RequireLegal("executed", demo.executed);
}

std::string Checksum(const Demonstration& demo) {
  std::vector<StoredDigest> digests;
  for (const StoredArray& array : demo.stored) digests.push_back(DigestOf(array));
  return Checksum(demo, digests);
}

std::string Checksum(const Demonstration& demo, std::span<const StoredDigest> stored) {
  const DemoInfo& info = demo.info;
  Hasher hash;
  hash.Add(Tasks().at(static_cast<size_t>(info.task)).name);
  hash.Add(info.sentence);
  hash.Add(info.scene);
  hash.Add(info.source);
  hash.AddNumber<uint64_t>(info.seed);
  hash.AddNumber<int64_t>(info.unit);
  hash.AddNumber<int64_t>(info.part);
  hash.AddNumber<uint8_t>(info.success);
  hash.AddNumber<int64_t>(info.length);
  for (const WorldState& state : demo.states) hash.AddAll(std::span<const double>(state.values));
  hash.AddAll(std::span<const std::byte>(demo.start_contacts.bytes));
  for (const RobotObs& row : demo.robot_obs) hash.AddAll(std::span<const double>(row));
  for (const SceneObs& row : demo.scene_obs) hash.AddAll(std::span<const double>(row));
  for (const RelativeAction& row : demo.actions) hash.AddAll(std::span<const double>(row));
  for (const RelativeAction& row : demo.executed) hash.AddAll(std::span<const double>(row));
  for (size_t t = 0; t < demo.actions.size(); ++t)
    hash.AddNumber<uint8_t>(demo.labelled.empty() || demo.labelled[t] != 0);
  for (const StoredDigest& digest : stored) {
    hash.Add(digest.name);
    hash.Add(digest.sha256);
  }
  return hash.Hex();
}

}  // namespace deerbench
