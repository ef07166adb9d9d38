// A scene as plain data: what the URDF importer makes and what physics and renderer are built from. Lengths
// are final metres (any global scaling has been applied), angles radians.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/geometry.h"
#include "sim/scene/visual_model.h"

namespace deerbench {

struct CollisionShape {
  enum class Kind { kBox, kSphere, kCylinder, kCapsule, kConvexHulls, kConcaveMesh };
  Kind kind = Kind::kBox;
  Pose X_LC;                             // shape in its link's frame
  Vec3 half_extents;                     // kBox
  double radius = 0;                     // kSphere, kCylinder, kCapsule
  double length = 0;                     // kCylinder, kCapsule (between the cap centres), along z
  std::vector<std::vector<Vec3>> hulls;  // kConvexHulls: points of each piece as in the file, repeats too
  bool lone_hull = false;                // kConvexHulls of one piece that stands alone (STL files)
                                         // rather than in a compound of pieces (OBJ files)
  std::vector<std::array<Vec3, 3>> triangles;  // kConcaveMesh
};

// URDF `<contact>` values with PyBullet's defaults. Negative stiffness or damping: not set.
struct ContactProperties {
  double lateral_friction = 0.5;
  double spinning_friction = 0;
  double rolling_friction = 0;
  double restitution = 0;
  double stiffness = -1;
  double damping = -1;
  bool friction_anchor = false;
};

struct JointDescription {
  enum class Type { kFixed, kRevolute, kContinuous, kPrismatic };
  std::string name;
  Type type = Type::kFixed;
  Pose X_PJ;                     // joint (and child link) frame in the parent link's frame at position zero
  Vec3 axis = {0, 0, 1};         // in the joint frame
  double lower = 0, upper = -1;  // rad or m; lower > upper: no limits
  double damping = 0, friction = 0;
  double effort = 0, velocity = 0;  // as in the file, informative
};

struct LinkDescription {
  std::string name;
  int parent = -1;             // index into BodyDescription::links; -1 for the base
  JointDescription joint;      // to the parent; unused for the base
  double mass = 0;             // kg
  Pose X_LI;                   // inertial frame in the link frame
  Vec3 file_inertia_diagonal;  // as in the file; PyBullet's default loading ignores it and uses the shapes
  std::vector<CollisionShape> collisions;
  ContactProperties contact;
};

// links[0] is the base; links[i + 1] is the link with index i in PyBullet's numbering (depth first from the
// base).
struct BodyDescription {
  std::string name;
  std::string file;  // where it was read from, for messages
  std::vector<LinkDescription> links;
  bool fixed_base = false;
  bool may_sleep = false;  // is not simulated while it lies still (sim/physics/resting_bodies.h)
  Pose X_WB;  // base link frame in the world at the start
};

// Numbers are link indices in PyBullet's numbering: base -1.
struct RobotRoles {
  int body = 0;
  std::array<int, 7> arm_links{};
  std::array<int, 2> finger_links{};
  int tcp_link = 0;
  int gripper_camera_link = 0;
  std::array<double, 7> initial_joint_positions_rad{};
  std::array<double, 7> lower_joint_limits_rad{}, upper_joint_limits_rad{};  // clip of the IK's result
  double gripper_joint_open_m = 0.04;
};

struct TableRoles {
  int body = 0;
  int base_link = -1, plank_link = 0, drawer_link = 0, slide_link = 0, button_link = 0, switch_link = 0,
      light_link = 0, led_link = 0;
  std::array<float, 4> lightbulb_rgba = {1, 1, 0, 1}, led_rgba = {0, 1, 0, 1};  // while lit
};

struct SurfaceBox {
  Vec3 min;  // m, in W
  Vec3 max;
};

// Rectangles on which blocks are put, in W.
struct SceneSurfaces {
  SurfaceBox table;
  SurfaceBox slider_left;
  SurfaceBox slider_right;
};

// A camera as the scene file gives it.
struct CameraDescription {
  int width = 200, height = 200;
  double fov_y_deg = 10, near_m = 0.01, far_m = 10;
  Vec3 eye, target, up = {0, 0, 1};  // fixed camera; the gripper camera hangs on its link instead
};

struct SceneDescription {
  std::string name;                     // "A" .. "D"
  bool calvin_assets = false;           // CALVIN's own files rather than ours
  std::vector<BodyDescription> bodies;  // in load order: the index is the body's uid
  VisualModel visual;                   // of all bodies; frames count bodies in order, base first
  RobotRoles robot;
  TableRoles table;
  std::array<int, 3> block_bodies{};       // uid by BlockColor (red, blue, pink)
  std::array<std::string, 3> block_names;  // "block_red", ...
  SceneSurfaces surfaces;
  CameraDescription static_camera, gripper_camera;
};

}  // namespace deerbench
