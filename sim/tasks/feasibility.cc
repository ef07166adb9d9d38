#include "sim/tasks/feasibility.h"

#include <array>
#include <bit>
#include <cstdint>

namespace deerbench {
namespace {

// Where a block can get to in the course of a chain.
enum class Place { kTable, kSliderLeft, kSliderRight, kDrawer, kGrasped, kStackedTop, kStackedBottom };

struct SymbolicWorld {
  bool led, lightbulb, slider_left, drawer_open, grasped;
  std::array<Place, 3> block;  // by BlockColor
};

Place Widen(BlockPlace place) {
  switch (place) {
    case BlockPlace::kTable:
      return Place::kTable;
    case BlockPlace::kSliderLeft:
      return Place::kSliderLeft;
    case BlockPlace::kSliderRight:
      return Place::kSliderRight;
  }
  return Place::kTable;
}

bool OnSlider(Place place) { return place == Place::kSliderLeft || place == Place::kSliderRight; }

// Categories by family; lifting has one a surface: 4, 5 and 6.
constexpr std::array<uint32_t, 11> kCategories = {1, 1, 2, 3, 4, 7, 10, 11, 8, 8, 9};
static_assert(static_cast<size_t>(TaskFamily::kPushIntoDrawer) + 1 == kCategories.size());

// By TaskId, one bit for the task's category.
std::array<uint32_t, kTaskCount> CategoryBits() {
  std::array<uint32_t, kTaskCount> bits{};
  for (TaskId id = 0; id < kTaskCount; ++id) {
    const Task& task = Tasks()[id];
    const uint32_t kind = task.family == TaskFamily::kLift ? static_cast<uint32_t>(*task.surface) : 0;
    bits[id] = 1u << (kCategories[static_cast<size_t>(task.family)] + kind);
  }
  return bits;
}

// Each rule below does its task in `world` and returns in how many ways it could be done: 0 leaves the world
// alone, above 1 leaves it in any of the outcomes.

int Flip(bool& value, bool wanted, const SymbolicWorld& world) {
  if (world.grasped || value == wanted) return 0;
  value = wanted;
  return 1;
}

int Lift(const Task& task, SymbolicWorld& world) {
  Place& place = world.block[static_cast<size_t>(*task.block)];
  bool within_reach = false;
  switch (*task.surface) {
    case Surface::kTable:
      within_reach = place == Place::kTable;
      break;
    case Surface::kSlider:  // the door hides the end of the shelf where it stands
      within_reach = place == (world.slider_left ? Place::kSliderRight : Place::kSliderLeft);
      break;
    case Surface::kDrawer:
      within_reach = place == Place::kDrawer && world.drawer_open;
      break;
  }
  if (world.grasped || !within_reach) return 0;
  place = Place::kGrasped;
  world.grasped = true;
  return 1;
}

int PutDown(const Task& task, SymbolicWorld& world) {
  const bool in_drawer = *task.surface == Surface::kDrawer;
  if (!world.grasped || (in_drawer && !world.drawer_open)) return 0;
  int ways = 0;
  for (Place& place : world.block) {
    if (place != Place::kGrasped) continue;
    // On the shelf upstream writes down the end where the door is, and its chains depend on it.
    place = in_drawer ? Place::kDrawer : world.slider_left ? Place::kSliderLeft : Place::kSliderRight;
    ++ways;
  }
  if (ways > 0) world.grasped = false;
  return ways;
}

int Stack(SymbolicWorld& world) {
  if (!world.grasped) return 0;
  int ways = 0;
  std::array<Place, 3> after = world.block;
  for (size_t top = 0; top < 3; ++top) {
    for (size_t bottom = 0; bottom < 3; ++bottom) {
      if (world.block[top] != Place::kGrasped || world.block[bottom] != Place::kTable) continue;
      after = world.block;
      after[top] = Place::kStackedTop;
      after[bottom] = Place::kStackedBottom;
      ++ways;
    }
  }
  world.block = after;
  if (ways > 0) world.grasped = false;
  return ways;
}

int Unstack(SymbolicWorld& world) {
  if (world.grasped) return 0;
  int ways = 0;
  std::array<Place, 3> after = world.block;
  for (size_t top = 0; top < 3; ++top) {
    for (size_t bottom = 0; bottom < 3; ++bottom) {
      if (world.block[top] != Place::kStackedTop || world.block[bottom] != Place::kStackedBottom) continue;
      after = world.block;
      after[top] = after[bottom] = Place::kTable;
      ++ways;
    }
  }
  world.block = after;
  return ways;
}

int PushIntoDrawer(SymbolicWorld& world) {
  if (world.grasped || !world.drawer_open) return 0;
  for (size_t i = 0; i < 3; ++i) {
    if (world.block[i] != Place::kTable) continue;
    if (!OnSlider(world.block[(i + 1) % 3]) || !OnSlider(world.block[(i + 2) % 3])) return 0;
    world.block[i] = Place::kDrawer;
    return 1;
  }
  return 0;
}

int Do(const Task& task, SymbolicWorld& world) {
  const bool positive = task.threshold > 0;
  switch (task.family) {
    case TaskFamily::kRotate:
    case TaskFamily::kPush:
      return !world.grasped && world.block[static_cast<size_t>(*task.block)] == Place::kTable ? 1 : 0;
    case TaskFamily::kMoveSlider:
      return Flip(world.slider_left, positive, world);
    case TaskFamily::kMoveDrawer:
      return Flip(world.drawer_open, positive, world);
    case TaskFamily::kLightbulb:
      return Flip(world.lightbulb, positive, world);
    case TaskFamily::kLed:
      return Flip(world.led, positive, world);
    case TaskFamily::kLift:
      return Lift(task, world);
    case TaskFamily::kPlace:
      return PutDown(task, world);
    case TaskFamily::kStack:
      return Stack(world);
    case TaskFamily::kUnstack:
      return Unstack(world);
    case TaskFamily::kPushIntoDrawer:
      return PushIntoDrawer(world);
  }
  return 0;
}

}  // namespace

bool Feasible(const SymbolicState& state, std::span<const TaskId> tasks) {
  // The cheap test first: the generator asks about millions of sequences.
  static const std::array<uint32_t, kTaskCount> kBits = CategoryBits();
  uint32_t categories = 0;
  for (const TaskId id : tasks) categories |= kBits[id];
  if (std::popcount(categories) != static_cast<int>(tasks.size())) return false;

  SymbolicWorld world{state.led, state.lightbulb, state.slider_left, state.drawer_open, false, {}};
  for (size_t i = 0; i < 3; ++i) world.block[i] = Widen(state.block[i]);
  for (const TaskId id : tasks) {
    if (Do(Tasks()[id], world) != 1) return false;
  }
  return true;
}

}  // namespace deerbench
