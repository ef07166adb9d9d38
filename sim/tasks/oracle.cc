#include "sim/tasks/oracle.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace deerbench {
namespace {

constexpr double kMaxTilt_deg = 30;   // about x and y while rotating
constexpr double kMaxDrift_m = 0.1;   // while rotating
constexpr double kMaxStackSpeed = 1;  // m/s and rad/s, by component

const BlockInfo& BlockOf(const Task& task, const SceneInfo& info) {
  return info.blocks[static_cast<size_t>(*task.block)];
}

int LinkOf(Surface surface, const TableInfo& table) {
  switch (surface) {
    case Surface::kTable:
      return table.base_link;
    case Surface::kSlider:
      return table.plank_link;
    case Surface::kDrawer:
      return table.drawer_link;
  }
  return table.base_link;
}

bool Touches(const std::vector<ContactInfo>& contacts, int body) {
  return std::ranges::any_of(contacts, [&](const ContactInfo& c) { return c.other_body == body; });
}

bool Touches(const std::vector<ContactInfo>& contacts, int body, int link) {
  return std::ranges::any_of(
      contacts, [&](const ContactInfo& c) { return c.other_body == body && c.other_link == link; });
}

// Something is touched, and nothing but `body`.
bool TouchesOnly(const std::vector<ContactInfo>& contacts, int body) {
  return !contacts.empty() &&
         std::ranges::all_of(contacts, [&](const ContactInfo& c) { return c.other_body == body; });
}

bool IsBlock(int body, const SceneInfo& info) {
  return std::ranges::any_of(info.blocks, [&](const BlockInfo& b) { return b.uid == body; });
}

// Extrinsic x-y-z angles in degrees as scipy's Rotation.as_euler('xyz', degrees=True): Bernardes and Viollet,
// "Quaternion to Euler angles conversion: a direct, general and computationally efficient method" (2022). At
// the poles of y the angles there are arbitrary, and no rule asks for them.
Vec3 ToEulerDegrees(const Quat& unnormalized) {
  const double norm = std::sqrt(unnormalized.x * unnormalized.x + unnormalized.y * unnormalized.y +
                                unnormalized.z * unnormalized.z + unnormalized.w * unnormalized.w);
  const Quat q{unnormalized.x / norm, unnormalized.y / norm, unnormalized.z / norm, unnormalized.w / norm};
  const double a = q.w - q.y, b = q.x + q.z, c = q.y + q.w, d = q.z - q.x;
  const double half_sum = std::atan2(b, a), half_difference = std::atan2(d, c);
  const auto degrees = [](double angle_rad) {
    if (angle_rad < -std::numbers::pi) angle_rad += 2 * std::numbers::pi;
    if (angle_rad > std::numbers::pi) angle_rad -= 2 * std::numbers::pi;
    return angle_rad * (180 / std::numbers::pi);
  };
  return {degrees(half_sum - half_difference),
          degrees(2 * std::atan2(std::hypot(c, d), std::hypot(a, b)) - std::numbers::pi / 2),
          degrees(half_sum + half_difference)};
}

bool Rotated(const Task& task, const SceneInfo& start, const SceneInfo& end) {
  const BlockInfo& before = BlockOf(task, start);
  const BlockInfo& after = BlockOf(task, end);
  const Vec3 turn_deg = ToEulerDegrees(after.orientation * Conjugate(before.orientation));
  if (Norm(after.position - before.position) > kMaxDrift_m) return false;
  // It must rest on something: robot contacts do not count.
  const bool supported = std::ranges::any_of(
      after.contacts, [&](const ContactInfo& c) { return c.other_body != start.robot.uid; });
  if (!supported) return false;
  const bool upright = std::abs(turn_deg.x) < kMaxTilt_deg && std::abs(turn_deg.y) < kMaxTilt_deg;
  const double signed_turn_deg = task.threshold > 0 ? turn_deg.z : -turn_deg.z;
  return std::abs(task.threshold) < signed_turn_deg && signed_turn_deg < 180 && upright;
}

bool Pushed(const Task& task, const SceneInfo& start, const SceneInfo& end) {
  const BlockInfo& before = BlockOf(task, start);
  const BlockInfo& after = BlockOf(task, end);
  // Whatever it lay on at the start, robot apart, it touches at the end too, and it lay on something.
  bool lay_on_something = false;
  for (const ContactInfo& c : before.contacts) {
    if (c.other_body == start.robot.uid) continue;
    lay_on_something = true;
    if (!Touches(after.contacts, c.other_body, c.other_link)) return false;
  }
  const double moved_m = after.position.x - before.position.x;
  return lay_on_something && (task.threshold > 0 ? moved_m > task.threshold : moved_m < task.threshold);
}

bool Lifted(const Task& task, const SceneInfo& start, const SceneInfo& end) {
  const BlockInfo& before = BlockOf(task, start);
  const BlockInfo& after = BlockOf(task, end);
  return after.position.z - before.position.z > task.threshold &&
         TouchesOnly(after.contacts, start.robot.uid) &&
         Touches(before.contacts, start.table.uid, LinkOf(*task.surface, start.table));
}

bool Placed(const Task& task, const SceneInfo& start, const SceneInfo& end) {
  // At the start the robot holds one block that touches nothing else.
  if (start.robot.contacts.empty()) return false;
  const int held = start.robot.contacts.front().other_body;
  if (!TouchesOnly(start.robot.contacts, held) || Touches(end.robot.contacts, held)) return false;
  for (size_t i = 0; i < start.blocks.size(); ++i) {
    if (start.blocks[i].uid != held) continue;
    return TouchesOnly(start.blocks[i].contacts, start.robot.uid) &&
           Touches(end.blocks[i].contacts, end.table.uid, LinkOf(*task.surface, end.table));
  }
  return false;
}

bool MovedJoint(double threshold, double start, double end) {
  return threshold > 0 ? threshold < end - start : threshold > end - start;
}

bool Toggled(const Task& task, bool start, bool end) { return start != end && end == (task.threshold > 0); }

// It touches blocks and nothing else, and moves slowly.
bool RestsOnBlocks(const BlockInfo& block, const SceneInfo& info) {
  return !block.contacts.empty() && std::ranges::all_of(block.contacts, [&](const ContactInfo& c) {
    return IsBlock(c.other_body, info);
  });
}

bool TouchesBlocks(const BlockInfo& block, const SceneInfo& info) {
  return std::ranges::any_of(block.contacts,
                             [&](const ContactInfo& c) { return IsBlock(c.other_body, info); });
}

bool IsSlow(const BlockInfo& block) {
  const auto slow = [](const Vec3& v) {
    return std::abs(v.x) < kMaxStackSpeed && std::abs(v.y) < kMaxStackSpeed && std::abs(v.z) < kMaxStackSpeed;
  };
  return slow(block.linear_velocity) && slow(block.angular_velocity);
}

// Upstream takes the blocks' numbers from the start for both moments.
bool Stacked(const SceneInfo& start, const SceneInfo& end) {
  for (size_t i = 0; i < start.blocks.size(); ++i) {
    if (!TouchesBlocks(start.blocks[i], start) && RestsOnBlocks(end.blocks[i], start) &&
        IsSlow(end.blocks[i]))
      return true;
  }
  return false;
}

bool Unstacked(const SceneInfo& start, const SceneInfo& end) {
  for (size_t i = 0; i < start.blocks.size(); ++i) {
    if (RestsOnBlocks(start.blocks[i], start) && !TouchesBlocks(end.blocks[i], start) &&
        IsSlow(start.blocks[i]))
      return true;
  }
  return false;
}

// From lying on the table's base alone to touching the drawer. Upstream means to ask that the robot touches
// the block neither before nor after, but its check never fails; a robot contact at the start counts as a
// second thing touched there, at the end it is allowed.
bool PushedIntoDrawer(const SceneInfo& start, const SceneInfo& end) {
  for (size_t i = 0; i < start.blocks.size(); ++i) {
    const auto on_base = [&](const ContactInfo& c) {
      return c.other_body == start.table.uid && c.other_link == start.table.base_link;
    };
    const std::vector<ContactInfo>& before = start.blocks[i].contacts;
    if (!before.empty() && std::ranges::all_of(before, on_base) &&
        Touches(end.blocks[i].contacts, end.table.uid, end.table.drawer_link))
      return true;
  }
  return false;
}

}  // namespace

bool Completed(TaskId id, const SceneInfo& start, const SceneInfo& end) {
  const Task& task = Tasks()[id];
  switch (task.family) {
    case TaskFamily::kRotate:
      return Rotated(task, start, end);
    case TaskFamily::kPush:
      return Pushed(task, start, end);
    case TaskFamily::kMoveSlider:
      return MovedJoint(task.threshold, start.slide_m, end.slide_m);
    case TaskFamily::kMoveDrawer:
      return MovedJoint(task.threshold, start.drawer_m, end.drawer_m);
    case TaskFamily::kLift:
      return Lifted(task, start, end);
    case TaskFamily::kPlace:
      return Placed(task, start, end);
    case TaskFamily::kStack:
      return Stacked(start, end);
    case TaskFamily::kUnstack:
      return Unstacked(start, end);
    case TaskFamily::kLightbulb:
      return Toggled(task, start.lightbulb_on, end.lightbulb_on);
    case TaskFamily::kLed:
      return Toggled(task, start.led_on, end.led_on);
    case TaskFamily::kPushIntoDrawer:
      return PushedIntoDrawer(start, end);
  }
  return false;
}

std::vector<TaskId> CompletedTasks(const SceneInfo& start, const SceneInfo& end) {
  std::vector<TaskId> done;
  for (TaskId id = 0; id < kTaskCount; ++id) {
    if (Completed(id, start, end)) done.push_back(id);
  }
  return done;
}

}  // namespace deerbench
