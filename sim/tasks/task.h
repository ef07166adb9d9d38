// The 34 tasks of CALVIN by name, number and family.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "sim/tasks/scene_info.h"

namespace deerbench {

inline constexpr int kTaskCount = 34;

// Index into Tasks(): the order of CALVIN's oracle table (new_playtable_tasks.yaml).
using TaskId = int;

enum class TaskFamily {
  kRotate,
  kPush,
  kMoveSlider,
  kMoveDrawer,
  kLift,
  kPlace,
  kStack,
  kUnstack,
  kLightbulb,
  kLed,
  kPushIntoDrawer,
};

// The thing a block lies on or is put on.
enum class Surface { kTable, kSlider, kDrawer };

// One row of the table. Fields that a family does not use are empty.
struct Task {
  std::string_view name;
  TaskFamily family;
  std::optional<BlockColor> block;
  std::optional<Surface> surface;
  double threshold = 0;  // signed: degrees (rotate), metres (push in x, doors, lift), 1 on / -1 off (lights)
};

const std::array<Task, kTaskCount>& Tasks();

// Number of the task of that name. Throws Error naming it if there is none.
TaskId TaskByName(std::string_view name);

}  // namespace deerbench
