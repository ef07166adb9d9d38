#include "sim/expert/view.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "base/error.h"
#include "sim/scene/forward_kinematics.h"

namespace deerbench::expert {
namespace {

constexpr double kShelfFront_y = 0.02;

// The representative of `angle` closest to `reference`.
double Unwrap(double angle, double reference) {
  return reference + std::remainder(angle - reference, 2 * std::numbers::pi);
}

bool IsFinger(const RobotRoles& robot, int link) {
  // A finger's tip is the link behind it.
  for (const int finger : robot.finger_links) {
    if (link == finger || link == finger + 1) return true;
  }
  return false;
}

int FingerOf(const RobotRoles& robot, int link) {
  return link == robot.finger_links[0] || link == robot.finger_links[0] + 1 ? 0 : 1;
}

}  // namespace

std::optional<int> View::Held() const {
  for (int i = 0; i < 3; ++i) {
    if (blocks[i].gripped && gripper_action < 0) return i;
  }
  return {};
}

std::array<Vec3, 3> BlockHalfExtents(const SceneDescription& scene) {
  std::array<Vec3, 3> result;
  for (size_t i = 0; i < 3; ++i) {
    const BodyDescription& body = scene.bodies[scene.block_bodies[i]];
    Vec3 low{1e9, 1e9, 1e9}, high{-1e9, -1e9, -1e9};
    const auto include = [&](const Vec3& p) {
      low = {std::min(low.x, p.x), std::min(low.y, p.y), std::min(low.z, p.z)};
      high = {std::max(high.x, p.x), std::max(high.y, p.y), std::max(high.z, p.z)};
    };
    for (const CollisionShape& shape : body.links[0].collisions) {
      if (shape.kind == CollisionShape::Kind::kBox) {
        include(shape.half_extents);
        include(-shape.half_extents);
      }
      for (const auto& hull : shape.hulls) {
        for (const Vec3& p : hull) include(p);
      }
    }
    if (low.x > high.x) Fail(fmt::format("{}: block has no box or hull to grasp", body.file));
    result[i] = 0.5 * (high - low);
  }
  return result;
}

View Look(const World& world, const std::array<Vec3, 3>& half_extents) {
  const SceneDescription& scene = world.model().description();
  const SceneInfo info = world.Info();
  View view;
  view.target = world.target_position();
  view.target_euler = world.target_euler();
  view.tcp = info.robot.tcp_position;
  view.tcp_euler = {Unwrap(info.robot.tcp_euler.x, view.target_euler.x),
                    Unwrap(info.robot.tcp_euler.y, view.target_euler.y),
                    Unwrap(info.robot.tcp_euler.z, view.target_euler.z)};
  view.gripper_width = info.robot.gripper_width;
  view.gripper_action = info.robot.gripper_action;
  view.slide = info.slide_m;
  view.longest_slide = scene.bodies[scene.table.body].links[scene.table.slide_link + 1].joint.upper;
  view.drawer = info.drawer_m;
  view.button = info.button_m;
  view.toggle = info.switch_m;
  view.lightbulb_on = info.lightbulb_on;
  view.led_on = info.led_on;
  view.surfaces = scene.surfaces;

  const SceneState state = world.scene_state();
  const auto link = [&](int index) { return state.X_WL[FrameIndex(scene, scene.table.body, index)]; };
  view.X_WSlide = link(scene.table.slide_link);
  view.X_WDrawer = link(scene.table.drawer_link);
  view.X_WButton = link(scene.table.button_link);
  view.X_WSwitch = link(scene.table.switch_link);
  view.X_WPlank = link(scene.table.plank_link);

  for (size_t i = 0; i < 3; ++i) {
    const BlockInfo& block = info.blocks[i];
    BlockView& out = view.blocks[i];
    out.p = block.position;
    out.q = block.orientation;
    out.half_extents = half_extents[i];
    out.v = block.linear_velocity;
    bool finger[2] = {false, false};
    for (const ContactInfo& contact : block.contacts) {
      if (contact.other_body == scene.robot.body) {
        out.touched = true;
        if (IsFinger(scene.robot, contact.other_link))
          finger[FingerOf(scene.robot, contact.other_link)] = true;
      } else if (contact.other_body == scene.table.body) {
        if (contact.other_link == scene.table.base_link) out.on = Surface::kTable;
        if (contact.other_link == scene.table.plank_link) out.on = Surface::kSlider;
        if (contact.other_link == scene.table.drawer_link) out.on = Surface::kDrawer;
      } else {
        for (size_t j = 0; j < 3; ++j) {
          if (scene.block_bodies[j] == contact.other_body && info.blocks[j].position.z < out.p.z - 0.015)
            out.on_block = true;
        }
      }
    }
    // Behind the slider the floor belongs to the shelf, whichever link it is part of.
    if (out.on == Surface::kTable && out.p.y > kShelfFront_y && out.p.z > kShelfTop_m)
      out.on = Surface::kSlider;
    // Closed fingers that stand on a block touch it too.
    out.gripped = finger[0] && finger[1] && view.gripper_width > 0.012;
  }
  for (const ContactInfo& contact : info.robot.contacts) {
    bool gripped = false;
    for (size_t i = 0; i < 3; ++i) {
      gripped = gripped || (contact.other_body == scene.block_bodies[i] && view.blocks[i].gripped);
    }
    view.obstructed = view.obstructed || !gripped;
  }
  return view;
}

double FloorAt(const View& view, const Vec3& p) {
  constexpr double kTableFront_y = -0.18, kTray_m = 0.02;
  if (p.y < kTableFront_y || p.z < kTableTop_m) return view.X_WDrawer.p.z + kTray_m;
  return p.y > kShelfFront_y ? kShelfTop_m : kTableTop_m;
}

double HalfHeight(const BlockView& block) {
  const std::array<double, 9> r = ToMatrix(block.q);
  return std::abs(r[6]) * block.half_extents.x + std::abs(r[7]) * block.half_extents.y +
         std::abs(r[8]) * block.half_extents.z;
}

double HalfExtent(const BlockView& block, int axis) {
  const std::array<double, 9> r = ToMatrix(block.q);
  return std::abs(r[3 * axis]) * block.half_extents.x + std::abs(r[3 * axis + 1]) * block.half_extents.y +
         std::abs(r[3 * axis + 2]) * block.half_extents.z;
}

}  // namespace deerbench::expert
