#include "datasets/replay.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "sim/tasks/oracle.h"

namespace deerbench {
namespace {

// In the order of WorldStateFields (sim/physics/world_state.h).
std::vector<std::string> MakeNames() {
  std::vector<std::string> names;
  const auto joint = [&](const std::string& name) {
    names.push_back(name + ".position");
    names.push_back(name + ".velocity");
  };
  const auto vector = [&](const std::string& name) {
    for (const char* axis : {".x", ".y", ".z"}) names.push_back(name + axis);
  };
  const auto quaternion = [&](const std::string& name) {
    vector(name);
    names.push_back(name + ".w");
  };
  for (int i = 0; i < 7; ++i) joint(fmt::format("arm[{}]", i));
  for (int i = 0; i < 2; ++i) joint(fmt::format("fingers[{}]", i));
  for (const char* name : {"slide", "drawer", "button", "toggle"}) joint(name);
  for (int i = 0; i < 3; ++i) {
    const std::string block = fmt::format("blocks[{}]", i);
    vector(block + ".position");
    quaternion(block + ".orientation");
    vector(block + ".linear_velocity");
    vector(block + ".angular_velocity");
  }
  vector("target_position");
  vector("target_euler");
  for (const char* name :
       {"gripper_action", "lightbulb_on", "led_on", "button_on", "button_was_pressed", "switch_on"})
    names.push_back(name);
  for (int i = 0; i < 7; ++i) names.push_back(fmt::format("arm_targets[{}]", i));
  for (int i = 0; i < 2; ++i) names.push_back(fmt::format("finger_targets[{}]", i));
  for (int i = 0; i < 2; ++i) names.push_back(fmt::format("finger_forces_N[{}]", i));
  for (const char* pose : {"X_WTcp", "X_WGripperCamera"}) {
    vector(fmt::format("{}.p", pose));
    quaternion(fmt::format("{}.q", pose));
  }
  return names;
}

}  // namespace

std::optional<Departure> DifferenceOf(int step, const WorldState& recorded, const WorldState& replayed) {
  Departure departure{.step = step, .differing = 0, .value = "", .recorded = 0, .replayed = 0};
  double largest = -1;
  for (size_t i = 0; i < kStateSize; ++i) {
    const double a = recorded.values[i], b = replayed.values[i];
    if (std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b)) continue;
    ++departure.differing;
    if (!(std::abs(a - b) > largest)) continue;
    largest = std::abs(a - b);
    departure.value = StateValueName(static_cast<int>(i));
    departure.recorded = a;
    departure.replayed = b;
  }
  if (departure.differing == 0) return std::nullopt;
  return departure;
}

std::string StateValueName(int index) {
  static const std::vector<std::string> kNames = MakeNames();
  if (index < 0 || index >= static_cast<int>(kNames.size()))
    Fail(fmt::format("state: there is no number {}, expected 0 to {}", index, kNames.size() - 1));
  return kNames[static_cast<size_t>(index)];
}

World WorldAtStart(const std::shared_ptr<const SceneModel>& model, const Demonstration& demo) {
  if (demo.states.empty())
    Fail(fmt::format("demonstration: has no states (recorded by {}), expected full states to replay from",
                     demo.info.source));
  if (demo.start_contacts.bytes.empty())
    Fail("demonstration: start_contacts is empty, expected the contacts of the first moment to replay from");
  World world(model);
  world.Restore({.state = demo.states.front(), .contacts = demo.start_contacts});
  return world;
}

ReplayOutcome Replay(const std::shared_ptr<const SceneModel>& model, const Demonstration& demo) {
  World world = WorldAtStart(model, demo);
  const SceneInfo start = world.Info();
  ReplayOutcome outcome;
  for (int t = 0; t < demo.info.length; ++t) {
    world.Step(demo.executed[static_cast<size_t>(t)]);
    if (!outcome.departure) {
      outcome.departure = DifferenceOf(t + 1, demo.states[static_cast<size_t>(t) + 1], world.Save().state);
    }
  }
  outcome.success = Completed(demo.info.task, start, world.Info());
  return outcome;
}

}  // namespace deerbench
