#include "harness/training/scene_targets.h"

#include <algorithm>
#include <cmath>

#include "sim/physics/world_state.h"

namespace deerbench {
namespace {

constexpr double kWorldUnit_m = 0.2, kHandUnit_m = 0.1, kHandLimit = 3;
constexpr Vec3 kMiddle = {0, -0.05, 0.47};  // about where blocks are

struct JointScale {
  const char* name;
  double middle, unit;
};
constexpr JointScale kJoints[] = {
    {"slider", 0.14, 0.2}, {"drawer", 0.11, 0.2}, {"button", 0, 0.02}, {"switch", 0.044, 0.05}};
constexpr const char* kColors[] = {"red", "blue", "pink"};

}  // namespace

SceneTargets TargetsOf(const WorldState& state, const Vec3& shift) {
  const WorldStateFields fields = Unpack(state);
  SceneTargets targets;
  size_t i = 0;
  const auto add = [&](double value) { targets.numbers[i++] = static_cast<float>(value); };
  const Pose X_TcpW = Inverse(fields.X_WTcp);
  for (const BlockState& block : fields.blocks) {
    const Vec3 p = block.position + shift - kMiddle, in_hand = X_TcpW * block.position;
    for (const double x : {p.x, p.y, p.z}) add(x / kWorldUnit_m);
    for (const double x : {in_hand.x, in_hand.y, in_hand.z})
      add(std::clamp(x / kHandUnit_m, -kHandLimit, kHandLimit));
    const double yaw = ToEuler(block.orientation).z;  // a box looks the same after half a turn
    add(std::sin(2 * yaw));
    add(std::cos(2 * yaw));
  }
  const double joints[] = {fields.slide.position, fields.drawer.position, fields.button.position,
                           fields.toggle.position};
  for (size_t j = 0; j < std::size(joints); ++j) add((joints[j] - kJoints[j].middle) / kJoints[j].unit);
  targets.flags = {fields.lightbulb_on ? 1.0f : 0.0f, fields.led_on ? 1.0f : 0.0f};
  return targets;
}

const std::vector<NumberName>& TargetNames() {
  static const std::vector<NumberName> kNames = [] {
    std::vector<NumberName> names;
    for (const char* color : kColors) {
      for (const char* axis : {"x", "y", "z"})
        names.push_back({std::string(color) + " " + axis, kWorldUnit_m});
      for (const char* axis : {"x", "y", "z"})
        names.push_back({std::string(color) + " " + axis + " in hand", kHandUnit_m});
      names.push_back({std::string(color) + " sin 2 yaw", 1});
      names.push_back({std::string(color) + " cos 2 yaw", 1});
    }
    for (const JointScale& joint : kJoints) names.push_back({joint.name, joint.unit});
    return names;
  }();
  return kNames;
}

PixelClasses::PixelClasses(const World& world) {
  const SceneInfo info = world.Info();
  const auto set = [&](int body, PixelClass value) {
    if (body >= static_cast<int>(classes_.size())) classes_.resize(body + 1, kBackground);
    classes_[body] = value;
  };
  set(info.robot.uid, kRobot);
  set(info.table.uid, kTable);
  for (int i = 0; i < 3; ++i) set(info.blocks[i].uid, static_cast<PixelClass>(kRedBlock + i));
}

}  // namespace deerbench
