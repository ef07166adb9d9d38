#include "sim/physics/bullet_scene.h"

#include <LinearMath/btMatrix3x3.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "sim/physics/bullet_types.h"
#include "sim/physics/bullet_world.h"
#include "sim/physics/motors.h"
#include "sim/physics/world.h"
#include "sim/scene/load.h"

namespace deerbench {
namespace {

// Rotation whose columns are the axes of the camera's frame (right, down, forward) in another one.
Quat FromAxes(const Vec3& right, const Vec3& down, const Vec3& forward) {
  const btMatrix3x3 R(right.x, down.x, forward.x,  //
                      right.y, down.y, forward.y,  //
                      right.z, down.z, forward.z);
  btQuaternion q;
  R.getRotation(q);
  return FromBullet(q);
}

Camera FromDescription(const CameraDescription& d, const Pose& X_WC) {
  return {.width = d.width,
          .height = d.height,
          .fov_y_deg = d.fov_y_deg,
          .near_m = d.near_m,
          .far_m = d.far_m,
          .X_WC = X_WC};
}

std::vector<BodyBlueprint> MakeBlueprints(const SceneDescription& description) {
  std::vector<BodyBlueprint> bodies;
  bodies.reserve(description.bodies.size());
  for (const BodyDescription& body : description.bodies) bodies.emplace_back(body);
  return bodies;
}

std::array<size_t, 3> SlotColors(const SceneDescription& description) {
  std::array<size_t, 3> colors = {0, 1, 2};
  std::sort(colors.begin(), colors.end(),
            [&](size_t a, size_t b) { return description.block_bodies[a] < description.block_bodies[b]; });
  return colors;
}

// FNV-1a over the numbers that shapes and joints are made of.
class Fingerprint {
 public:
  void Add(double value) { AddBytes(&value, sizeof(value)); }
  void Add(const Vec3& v) {
    for (const double x : {v.x, v.y, v.z}) Add(x);
  }
  void Add(const Pose& X) {
    Add(X.p);
    for (const double x : {X.q.x, X.q.y, X.q.z, X.q.w}) Add(x);
  }
  void AddBytes(const void* data, size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (size_t i = 0; i < size; ++i) value_ = (value_ ^ bytes[i]) * 0x100000001b3;
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325;
};

uint64_t FingerprintOf(const SceneDescription& description) {
  Fingerprint print;
  print.AddBytes(description.name.data(), description.name.size());
  for (const BodyDescription& body : description.bodies) {
    print.Add(body.X_WB);
    print.Add(static_cast<double>(body.may_sleep));
    for (const LinkDescription& link : body.links) {
      print.Add(link.mass);
      print.Add(link.X_LI);
      print.Add(link.joint.X_PJ);
      print.Add(link.joint.axis);
      print.Add(link.contact.lateral_friction);
      for (const CollisionShape& shape : link.collisions) {
        print.Add(static_cast<double>(shape.kind));
        print.Add(shape.X_LC);
        print.Add(shape.half_extents);
        print.Add(shape.radius);
        print.Add(shape.length);
        for (const auto& hull : shape.hulls)
          for (const Vec3& point : hull) print.Add(point);
        for (const auto& triangle : shape.triangles)
          for (const Vec3& point : triangle) print.Add(point);
      }
    }
  }
  return print.value();
}

}  // namespace

BulletScene::BulletScene(SceneDescription description)
    : description_(std::make_shared<const SceneDescription>(std::move(description))),
      bodies_(MakeBlueprints(*description_)),
      arm_ik_(body(description_->robot.body), description_->robot),
      slot_colors_(SlotColors(*description_)),
      fingerprint_(FingerprintOf(*description_)) {}

const BulletScene& BulletScene::Of(const SceneModel& model) {
  const auto* scene = dynamic_cast<const BulletScene*>(&model);
  Require(scene != nullptr, "scene model was not made by LoadScene");
  return *scene;
}

Camera BulletScene::static_camera() const {
  const CameraDescription& d = description_->static_camera;
  const Vec3 forward = Normalized(d.target - d.eye);
  const Vec3 right = Normalized(Cross(forward, d.up));
  return FromDescription(d, {d.eye, FromAxes(right, Cross(forward, right), forward)});
}

// CALVIN's gripper camera (camera/gripper_camera.py) looks along its link's y with -z up.
Camera BulletScene::gripper_camera(const Pose& X_WGripperCamera) const {
  static constexpr Vec3 kX{1, 0, 0}, kY{0, 1, 0}, kZ{0, 0, 1};
  const Pose X_LC{{}, FromAxes(-kX, kZ, kY)};
  return FromDescription(description_->gripper_camera, X_WGripperCamera * X_LC);
}

std::unique_ptr<BulletWorld> BulletScene::MakeWorld() const {
  const RobotRoles& robot = description_->robot;
  const TableRoles& table = description_->table;
  auto world = std::make_unique<BulletWorld>(kTimestep_s);
  for (int i = 0; i < static_cast<int>(bodies_.size()); ++i) {
    world->AddBody(body(i));
    if (i != robot.body) continue;
    // Keeps the fingers centred.
    world->AddGear(robot.body, robot.finger_links[0], robot.finger_links[1], /*ratio=*/-1, /*erp=*/0.1,
                   /*max_force=*/50);
    for (size_t j = 0; j < 7; ++j)
      world->ResetJoint(robot.body, robot.arm_links[j], robot.initial_joint_positions_rad[j]);
    for (const int link : robot.finger_links) world->ResetJoint(robot.body, link, robot.gripper_joint_open_m);
  }
  for (const int link : {table.slide_link, table.drawer_link, table.switch_link})
    world->SetMotor(table.body, link, TableBrake());
  world->SetMotor(table.body, table.button_link, ButtonSpring());
  return world;
}

std::shared_ptr<const SceneModel> LoadScene(const std::string& letter, const std::string& scenes_dir,
                                            const std::string& assets_dir) {
  return std::make_shared<const BulletScene>(LoadSceneDescription(letter, scenes_dir, assets_dir));
}

}  // namespace deerbench
