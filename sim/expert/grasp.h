// Taking hold of a block.
#pragma once

#include <optional>

#include "sim/expert/motion.h"
#include "sim/expert/view.h"

namespace deerbench::expert {

inline constexpr double kTableClearance_m =
    0.58;  // tcp height at which the hand passes over table and blocks
inline constexpr double kShelfClearance_m = 0.675;  // over the cabinet, its slider and the lamps

// Height at which the tool may cross to or from a place.
double ClearanceAt(const Vec3& p);

struct Grasp {
  Vec3 p = {};  // tcp at the moment of closing
  double yaw = 0;
  double pitch = 0;      // 0: from above; on the shelf the fingers lean in through its open front
  bool crowded = false;  // something stands where an open finger would go down
};

// How to hold the block as it lies: the fingers close on two of its upright faces that fit between them.
// Of several pairs the one beside which the fingers find most room. `turn_rad`: how far it will be turned in
// the hand afterwards (yaw is chosen to leave room for it). Nothing if no pair of faces fits.
std::optional<Grasp> PlanGrasp(const View& view, int block, double turn_rad = 0);

// Next tool goal towards holding the block, from wherever the tool is. `held` once the fingers have closed on
// it.
struct GraspStep {
  ToolGoal goal;
  bool held = false;
};
GraspStep TakeHold(const View& view, int block, const Grasp& grasp);

// Whether the block is between the fingers, held or not.
bool IsBetweenFingers(const View& view, int block);
// The block in the hand, also while a finger is about to lose touch.
std::optional<int> InHand(const View& view);
// Opens the hand and backs out from around the block.
ToolGoal LetGo(const View& view, int block);

}  // namespace deerbench::expert
