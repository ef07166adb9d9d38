#include <algorithm>
#include <array>
#include <string_view>

#include "harness/report/sections.h"
#include "sim/tasks/task.h"

namespace deerbench {
namespace {

// In this order they fill two columns evenly.
enum Group {
  kBlocksPushed,
  kBlocksRotated,
  kBlocksPlaced,
  kBlocksLifted,
  kDoors,
  kLights,
  kOther,
  kGroupCount
};

constexpr std::array<std::string_view, kGroupCount> kTitles = {
    "Push", "Rotate", "Place and stack", "Lift", "Slider and drawer", "Lights", "Other"};

Group GroupOf(TaskFamily family) {
  switch (family) {
    case TaskFamily::kRotate:
      return kBlocksRotated;
    case TaskFamily::kPush:
    case TaskFamily::kPushIntoDrawer:
      return kBlocksPushed;
    case TaskFamily::kLift:
      return kBlocksLifted;
    case TaskFamily::kPlace:
    case TaskFamily::kStack:
    case TaskFamily::kUnstack:
      return kBlocksPlaced;
    case TaskFamily::kMoveSlider:
    case TaskFamily::kMoveDrawer:
      return kDoors;
    case TaskFamily::kLightbulb:
    case TaskFamily::kLed:
      return kLights;
  }
  return kOther;
}

Group GroupOf(const std::string& name) {
  for (const Task& task : Tasks()) {
    if (task.name == name) return GroupOf(task.family);
  }
  return kOther;
}

}  // namespace

std::vector<FamilyRates> GroupByFamily(const std::vector<TaskRate>& tasks) {
  std::array<FamilyRates, kGroupCount> groups;
  for (size_t g = 0; g < groups.size(); ++g) groups[g].title = kTitles[g];
  for (const TaskRate& task : tasks) {
    if (task.attempts > 0) groups[GroupOf(task.name)].tasks.push_back(task);
  }
  std::vector<FamilyRates> out;
  for (FamilyRates& group : groups) {
    std::stable_sort(group.tasks.begin(), group.tasks.end(),
                     [](const TaskRate& a, const TaskRate& b) { return a.rate > b.rate; });
    if (!group.tasks.empty()) out.push_back(std::move(group));
  }
  return out;
}

}  // namespace deerbench
