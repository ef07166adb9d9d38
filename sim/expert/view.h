// What the expert knows of the present moment, gathered once a step.
#pragma once

#include <array>
#include <optional>

#include "sim/physics/world.h"
#include "sim/scene/description.h"
#include "sim/tasks/scene_info.h"

namespace deerbench::expert {

inline constexpr double kTableTop_m = 0.44;     // height of the table's surface
inline constexpr double kShelfTop_m = 0.441;    // of the shelf behind the slider
inline constexpr double kFingertip_m = 0.0146;  // from the tcp to the ends of the fingers

struct BlockView {
  Vec3 p;  // centre in W
  Quat q;
  Vec3 half_extents;          // along the block's own axes
  Vec3 v;                     // m/s in W
  std::optional<Surface> on;  // what it lies on, directly
  bool on_block = false;      // it touches another block from above
  bool gripped = false;       // both fingers touch it
  bool touched = false;       // the robot touches it
};

struct View {
  std::array<BlockView, 3> blocks;  // by BlockColor
  Vec3 tcp;                         // measured, in W
  Vec3 tcp_euler;                   // unwrapped towards the target's
  Vec3 target, target_euler;        // where relative actions have led the tcp
  bool obstructed = false;          // the robot touches something besides a block that it grips
  double gripper_width = 0;
  double gripper_action = 1;
  double longest_slide = 0;  // the slider's joint goes from 0 to here
  double slide = 0, drawer = 0, button = 0, toggle = 0;
  bool lightbulb_on = false, led_on = false;
  Pose X_WSlide, X_WDrawer, X_WButton, X_WSwitch, X_WPlank;
  SceneSurfaces surfaces;

  const BlockView& block(BlockColor color) const { return blocks[static_cast<size_t>(color)]; }
  // Index of the block in the hand, if any.
  std::optional<int> Held() const;
};

// Half extents of each block, read from its collision box, by BlockColor.
std::array<Vec3, 3> BlockHalfExtents(const SceneDescription& scene);

View Look(const World& world, const std::array<Vec3, 3>& half_extents);

// Height of the surface over which a point in reach of the arm lies: table, shelf or drawer.
double FloorAt(const View& view, const Vec3& p);

// Extent of a block above and below its centre along W's z.
double HalfHeight(const BlockView& block);
// Likewise along W's x or y (axis 0 or 1).
double HalfExtent(const BlockView& block, int axis);

}  // namespace deerbench::expert
