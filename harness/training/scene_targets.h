// What the simulator knows of a moment, as numbers for pre-training the vision encoder.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/physics/world.h"

namespace deerbench {

// What lies at a pixel: the values of the class maps.
enum PixelClass : uint8_t { kBackground, kRobot, kTable, kRedBlock, kBlueBlock, kPinkBlock, kPixelClasses };

struct SceneTargets {
  static constexpr int kNumbersPerBlock =
      8;  // position in W, position in the tcp's frame, sin and cos of 2 x yaw
  static constexpr int kNumbers = 3 * kNumbersPerBlock + 4;  // and the joints: slider, drawer, button, switch
  static constexpr int kFlags = 2;                           // light bulb, LED

  // Scaled to about one: metres over 0.2 in W, over 0.1 (and at most +-3) seen from the tcp, joints over
  // about half their travel.
  std::array<float, kNumbers> numbers{};
  std::array<float, kFlags> flags{};
};
// `shift`: by which everything is seen moved (view_shift.h).
SceneTargets TargetsOf(const WorldState& state, const Vec3& shift = {});

// Names of the numbers with what one stands for: "red x", 0.1 m.
struct NumberName {
  std::string name;
  double unit = 0;
};
const std::vector<NumberName>& TargetNames();

// Body index of a segmentation picture -> PixelClass, for one scene.
class PixelClasses {
 public:
  explicit PixelClasses(const World& world);
  uint8_t operator[](int32_t body) const {
    return body < 0 || body >= static_cast<int32_t>(classes_.size()) ? uint8_t{kBackground} : classes_[body];
  }

 private:
  std::vector<uint8_t> classes_;
};

}  // namespace deerbench
