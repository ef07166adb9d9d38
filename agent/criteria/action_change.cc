// Action consistency (DeeR, section 3.2): where one more exit would hardly change the action, the walk ends.
// The gripper does not count.
#include <algorithm>
#include <cmath>

#include "agent/criteria/cosine.h"
#include "agent/criteria/criteria.h"

namespace deerbench {
namespace {

template <class Distance>
class ActionCriterion final : public ExitCriterion {
 public:
  bool reads_poses() const override { return true; }
  float Measure(const ExitView& exit) override { return Distance()(exit.pose, exit.pose_before); }
};

struct RootMeanSquare {
  float operator()(std::span<const float> a, std::span<const float> b) const {
    float sum = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      const float change = a[i] - b[i];
      sum += change * change;
    }
    return std::sqrt(sum / static_cast<float>(a.size()));
  }
};

struct MeanMagnitude {
  float operator()(std::span<const float> a, std::span<const float> b) const {
    float sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
    return sum / static_cast<float>(a.size());
  }
};

struct LargestMagnitude {
  float operator()(std::span<const float> a, std::span<const float> b) const {
    float largest = 0;
    for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
    return largest;
  }
};

struct Turn {
  float operator()(std::span<const float> a, std::span<const float> b) const { return CosineDistance(a, b); }
};

}  // namespace

std::unique_ptr<ExitCriterion> MakeActionChange() {
  return std::make_unique<ActionCriterion<RootMeanSquare>>();
}
std::unique_ptr<ExitCriterion> MakeActionMeanChange() {
  return std::make_unique<ActionCriterion<MeanMagnitude>>();
}
std::unique_ptr<ExitCriterion> MakeActionLargestChange() {
  return std::make_unique<ActionCriterion<LargestMagnitude>>();
}
std::unique_ptr<ExitCriterion> MakeActionTurn() { return std::make_unique<ActionCriterion<Turn>>(); }

}  // namespace deerbench
