// What the task oracle sees of a world: CALVIN's `info` dictionary as a plain struct.
#pragma once

#include <array>
#include <vector>

#include "base/geometry.h"

namespace deerbench {

// Indices into SceneInfo::blocks, whatever order a scene loads them in.
enum class BlockColor { kRed = 0, kBlue = 1, kPink = 2 };

// One contact point, seen from the body whose list it stands in.
struct ContactInfo {
  int other_body = 0;  // uid of the body touched
  int own_link = -1;
  int other_link = -1;
  friend bool operator==(const ContactInfo&, const ContactInfo&) = default;
};

struct BlockInfo {
  int uid = 0;
  Vec3 position;  // m, of the centre of mass in W
  Quat orientation;
  Vec3 linear_velocity;   // m/s in W
  Vec3 angular_velocity;  // rad/s in W
  std::vector<ContactInfo> contacts;
};

struct RobotInfo {
  int uid = 0;
  Vec3 tcp_position;                   // m
  Vec3 tcp_euler;                      // rad
  double gripper_width = 0;            // m
  std::array<double, 7> arm_joints{};  // rad
  double gripper_action = 1;           // last commanded, -1 close, 1 open
  std::vector<ContactInfo> contacts;
};

// Link indices of the table's named links, as in ContactInfo; -1 is the base.
struct TableInfo {
  int uid = 0;
  int base_link = -1, plank_link = 0, drawer_link = 0, slide_link = 0, button_link = 0, switch_link = 0,
      light_link = 0, led_link = 0;
};

struct SceneInfo {
  RobotInfo robot;
  std::array<BlockInfo, 3> blocks;  // by BlockColor
  TableInfo table;
  double slide_m = 0;  // joint positions
  double drawer_m = 0;
  double button_m = 0;
  double switch_m = 0;
  bool lightbulb_on = false;
  bool led_on = false;
};

}  // namespace deerbench
