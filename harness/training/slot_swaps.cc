#include "harness/training/slot_swaps.h"

#include <algorithm>
#include <numeric>

#include "harness/training/landmarks.h"

namespace deerbench {
namespace {

// The fixture that a task is about, if any.
std::vector<int> Needed(const Task& task) {
  switch (task.family) {
    case TaskFamily::kLed:
      return {kButtonLandmark};
    case TaskFamily::kLightbulb:
      return {kSwitchLandmark};
    case TaskFamily::kMoveSlider:
      return {kSliderLandmark};
    case TaskFamily::kMoveDrawer:
    case TaskFamily::kPushIntoDrawer:
      return {kDrawerLandmark};
    default:
      break;
  }
  if (task.surface == Surface::kSlider) return {kSliderLandmark};
  if (task.surface == Surface::kDrawer) return {kDrawerLandmark};
  return {};
}

bool IsAboutBlocks(TaskFamily family) {
  return family != TaskFamily::kLed && family != TaskFamily::kLightbulb &&
         family != TaskFamily::kMoveSlider && family != TaskFamily::kMoveDrawer;
}

}  // namespace

std::vector<std::vector<int>> SlotsBesides(TaskId task, int slots) {
  const Task& row = Tasks()[task];
  const std::vector<int> needed = Needed(row);
  std::vector<std::vector<int>> groups;
  const int landmarks = IsAboutBlocks(row.family) ? kFirstBlockLandmark : kLandmarks;
  for (int slot = 0; slot < std::min(landmarks, slots); ++slot)
    if (std::find(needed.begin(), needed.end(), slot) == needed.end()) groups.push_back({slot});
  if (!IsAboutBlocks(row.family) && slots > kLandmarks) {
    std::vector<int> others(slots - int{kLandmarks});
    std::iota(others.begin(), others.end(), int{kLandmarks});
    groups.push_back(others);
  }
  return groups;
}

}  // namespace deerbench
