#include "datasets/demo_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "datasets/stored_layout.h"

namespace deerbench {
namespace {

constexpr uint32_t kNoStates = 0;    // state_version of a demonstration that has none
constexpr int kMaxLength = 100'000;  // a file that claims more is damaged

template <size_t N>
void WriteRows(hid_t group, const char* name, const std::vector<std::array<double, N>>& rows,
               const Hdf5Place& place) {
  WriteArray<double>(group, name, std::array<hsize_t, 2>{rows.size(), N}, rows.front().data(),
                     Hdf5Storage::kDeflated, place);
}

template <size_t N>
std::vector<std::array<double, N>> ReadRows(hid_t group, const char* name, int rows, const Hdf5Place& place) {
  const auto values = ReadArray<double>(group, name, static_cast<hsize_t>(rows), N, place);
  std::vector<std::array<double, N>> out(static_cast<size_t>(rows));
  for (size_t t = 0; t < out.size(); ++t) std::copy_n(values.data() + t * N, N, out[t].data());
  return out;
}

void WriteStates(hid_t demo, const std::vector<WorldState>& states, const Hdf5Place& place) {
  const size_t steps = states.size() - 1;
  std::vector<double> rows;
  rows.reserve(steps * kStateSize);
  for (size_t t = 0; t < steps; ++t)
    rows.insert(rows.end(), states[t].values.begin(), states[t].values.end());
  WriteArray<double>(demo, "states", std::array<hsize_t, 2>{steps, kStateSize}, rows.data(),
                     Hdf5Storage::kDeflated, place);
  WriteArray<double>(demo, "final_state", std::array<hsize_t, 1>{kStateSize}, states.back().values.data(),
                     Hdf5Storage::kCompact, place);
}

}  // namespace

std::string DemoName(int index) { return fmt::format("demo_{}", index); }

void WriteDemo(hid_t data, int index, const Demonstration& demo, std::span<const StoredDigest> stored,
               const std::string& checksum, const Hdf5Place& place) {
  const DemoInfo& info = demo.info;
  const Hdf5Id group = MakeGroup(data, DemoName(index), place);
  const hid_t id = group.get();
  const Hdf5Place here = place + "/" + DemoName(index);
  WriteNumber<int64_t>(id, "num_samples", info.length, here);
  WriteString(id, "task", std::string(Tasks()[static_cast<size_t>(info.task)].name), here);
  WriteString(id, "sentence", info.sentence, here);
  WriteString(id, "scene", info.scene, here);
  WriteString(id, "source", info.source, here);
  WriteNumber<uint64_t>(id, "seed", info.seed, here);
  WriteNumber<int64_t>(id, "unit", info.unit, here);
  WriteNumber<int64_t>(id, "part", info.part, here);
  WriteNumber<uint8_t>(id, "success", info.success, here);
  WriteNumber<uint64_t>(id, "state_version", demo.states.empty() ? kNoStates : demo.states.front().version,
                        here);
  WriteString(id, "checksum", checksum, here);

  const auto steps = static_cast<hsize_t>(info.length);
  if (!demo.states.empty()) WriteStates(id, demo.states, here);
  WriteRows(id, "actions", demo.actions, here);
  // Often, but not always, the same: a link costs nothing.
  if (demo.executed == demo.actions)
    H5Lcreate_hard(id, "actions", id, "executed_actions", H5P_DEFAULT, H5P_DEFAULT);
  else
    WriteRows(id, "executed_actions", demo.executed, here);
  if (std::ranges::count(demo.labelled, 0) > 0) {
    WriteArray<uint8_t>(id, "labelled", std::array<hsize_t, 1>{steps}, demo.labelled.data(),
                        Hdf5Storage::kCompact, here);
  }
  // What robomimic's training reads besides: a reward and an end where the task is done.
  std::vector<float> rewards(steps, 0);
  rewards.back() = info.success ? 1 : 0;
  WriteArray<float>(id, "rewards", std::array<hsize_t, 1>{steps}, rewards.data(), Hdf5Storage::kDeflated,
                    here);
  std::vector<uint8_t> dones(steps, 0);
  dones.back() = 1;
  WriteArray<uint8_t>(id, "dones", std::array<hsize_t, 1>{steps}, dones.data(), Hdf5Storage::kDeflated, here);
  if (!demo.start_contacts.bytes.empty()) {
    WriteArray<uint8_t>(id, "start_contacts", std::array<hsize_t, 1>{demo.start_contacts.bytes.size()},
                        reinterpret_cast<const uint8_t*>(demo.start_contacts.bytes.data()),
                        Hdf5Storage::kDeflated, here);
  }
  const Hdf5Id obs = MakeGroup(id, "obs", here);
  WriteRows(obs.get(), "robot_obs", demo.robot_obs, here + "/obs");
  WriteRows(obs.get(), "scene_obs", demo.scene_obs, here + "/obs");
  if (demo.stored.empty()) return;
  std::string names;
  for (size_t i = 0; i < demo.stored.size(); ++i) {
    names += (i == 0 ? "" : ",") + demo.stored[i].name;
    WriteStored(id, demo.stored[i], stored[i], info.length, here);
  }
  WriteString(id, "stored", names, here);
}

DemoInfo ReadDemoInfo(hid_t demo, std::string& checksum, const Hdf5Place& place) {
  DemoInfo info;
  const auto length = ReadNumber<int64_t>(demo, "num_samples", place);
  if (length < 1 || length > kMaxLength)
    Fail(fmt::format("{}/num_samples: is {}, expected 1 to {}", place, length, kMaxLength));
  info.length = static_cast<int>(length);
  const std::string task = ReadString(demo, "task", place);
  const auto found =
      std::ranges::find_if(Tasks(), [&](const Task& candidate) { return candidate.name == task; });
  if (found == Tasks().end()) Fail(fmt::format("{}/task: '{}' is no task", place, task));
  info.task = static_cast<TaskId>(found - Tasks().begin());
  info.sentence = ReadString(demo, "sentence", place);
  info.scene = ReadString(demo, "scene", place);
  info.source = ReadString(demo, "source", place);
  info.seed = ReadNumber<uint64_t>(demo, "seed", place);
  info.unit = ReadNumber<int64_t>(demo, "unit", place);
  info.part = static_cast<int>(ReadNumber<int64_t>(demo, "part", place));
  info.success = ReadNumber<uint8_t>(demo, "success", place) != 0;
  const auto version = ReadNumber<uint64_t>(demo, "state_version", place);
  if (version != kNoStates && version != WorldState::kVersion)
    Fail(fmt::format("{}/state_version: is {}, expected {}", place, version, WorldState::kVersion));
  info.has_states = version != kNoStates;
  ReadStoredInfo(demo, info, place);
  checksum = ReadString(demo, "checksum", place);
  return info;
}

std::vector<RelativeAction> ReadActionRows(hid_t demo, const char* name, const DemoInfo& info,
                                           const Hdf5Place& place) {
  return ReadRows<7>(demo, name, info.length, place);
}

std::vector<uint8_t> ReadLabelledRows(hid_t demo, const DemoInfo& info, const Hdf5Place& place) {
  const auto steps = static_cast<size_t>(info.length);
  if (!HasLink(demo, "labelled")) return std::vector<uint8_t>(steps, 1);
  return ReadArray<uint8_t>(demo, "labelled", steps, 0, place);
}

std::vector<RobotObs> ReadRobotObsRows(hid_t demo, const DemoInfo& info, const Hdf5Place& place) {
  return ReadRows<15>(demo, "obs/robot_obs", info.length, place);
}

std::vector<SceneObs> ReadSceneObsRows(hid_t demo, const DemoInfo& info, const Hdf5Place& place) {
  return ReadRows<24>(demo, "obs/scene_obs", info.length, place);
}

std::vector<WorldState> ReadStateRows(hid_t demo, const DemoInfo& info, const Hdf5Place& place) {
  if (!info.has_states) return {};
  const auto steps = static_cast<size_t>(info.length);
  const auto values = ReadArray<double>(demo, "states", steps, kStateSize, place);
  std::vector<WorldState> states(steps + 1);
  for (size_t t = 0; t < steps; ++t) {
    const auto row = values.begin() + static_cast<std::ptrdiff_t>(t * kStateSize);
    states[t].values.assign(row, row + kStateSize);
  }
  states[steps].values = ReadArray<double>(demo, "final_state", kStateSize, 0, place);
  return states;
}

ContactCache ReadStartContacts(hid_t demo, const Hdf5Place& place) {
  ContactCache cache;
  if (!HasLink(demo, "start_contacts")) return cache;
  const auto bytes =
      ReadArray<uint8_t>(demo, "start_contacts", RowsOf(demo, "start_contacts", place), 0, place);
  cache.bytes.resize(bytes.size());
  if (!bytes.empty()) std::memcpy(cache.bytes.data(), bytes.data(), bytes.size());
  return cache;
}

}  // namespace deerbench
