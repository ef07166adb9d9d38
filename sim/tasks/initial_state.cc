#include "sim/tasks/initial_state.h"

#include <fmt/format.h>

#include <numbers>
#include <span>
#include <string>

#include "base/error.h"
#include "sim/tasks/numpy_random.h"
#include "sim/tasks/scene_info.h"

namespace deerbench {
namespace {

// The arm's start, the same in every scene.
constexpr RobotObs kRobotStart = {0.02586889,  -0.2313129,  0.5712808,   3.09045411, -0.02908596,
                                  1.50013585,  0.07999963,  -1.21779124, 1.03987629, 2.11978254,
                                  -2.34205014, -0.87015899, 1.64119093,  0.55344928, 1.0};

constexpr double kReferenceHalfHeight_m = 0.02;  // of the blocks that SurfaceLayout's positions are for

// What Python prints for the dictionary's values.
std::string PythonValues(const SymbolicState& s) {
  return fmt::format("dict_values([{:d}, {:d}, '{}', '{}', '{}', '{}', '{}', 0])", static_cast<int>(s.led),
                     static_cast<int>(s.lightbulb), s.slider_left ? "left" : "right",
                     s.drawer_open ? "open" : "closed", Name(s.block[0]), Name(s.block[1]), Name(s.block[2]));
}

}  // namespace

uint32_t InitialStateSeed(const SymbolicState& state) {
  constexpr uint32_t kFnvPrime = 0x01000193;
  uint32_t hash = 0;
  for (const char c : PythonValues(state)) {
    hash = (hash * kFnvPrime) ^ static_cast<uint8_t>(c);
    hash *= kFnvPrime;  // the upper byte of the UTF-16 unit is 0 and changes nothing further
  }
  return hash;
}

InitialState InitialStateFor(const SymbolicState& state, const SurfaceLayout& layout, uint32_t seed) {
  constexpr double kYawLow = std::numbers::pi / 2 - std::numbers::pi / 8;
  constexpr double kYawHigh = std::numbers::pi / 2 + std::numbers::pi / 8;

  std::array<bool, 3> taken{};
  for (const int slot : layout.block_slot) {
    if (slot < 0 || slot > 2 || taken[slot])
      Fail(fmt::format("block_slot: is [{}], expected 0, 1 and 2 in any order",
                       fmt::join(layout.block_slot, ", ")));
    taken[slot] = true;
  }

  NumpyRandomState random(seed);
  std::array<Vec3, 2> table = layout.table;
  random.Shuffle(std::span<Vec3>(table));

  InitialState out{kRobotStart, {}};
  SceneObs& scene = out.scene_obs;
  scene[0] = state.slider_left ? layout.slide_left_m : 0.0;
  scene[1] = state.drawer_open ? layout.drawer_open_m : 0.0;
  scene[3] = state.lightbulb ? layout.switch_on_m : 0.0;
  scene[4] = state.lightbulb ? 1.0 : 0.0;
  scene[5] = state.led ? 1.0 : 0.0;
  for (size_t color = 0; color < 3; ++color) {
    // Red takes the first place on the table and pink the second; blue takes the one that red leaves free.
    const bool second = color == 2 || (color == 1 && state.block[0] == BlockPlace::kTable);
    Vec3 p = table[second ? 1 : 0];
    if (state.block[color] == BlockPlace::kSliderLeft) p = layout.slider_left;
    if (state.block[color] == BlockPlace::kSliderRight) p = layout.slider_right;
    p.z += layout.block_half_height_m[color] - kReferenceHalfHeight_m;
    const size_t at = 6 + 6 * static_cast<size_t>(layout.block_slot[color]);
    scene[at] = p.x;
    scene[at + 1] = p.y;
    scene[at + 2] = p.z;
    scene[at + 5] = random.Uniform(kYawLow, kYawHigh);
  }
  return out;
}

InitialState InitialStateFor(const SymbolicState& state, const SurfaceLayout& layout) {
  return InitialStateFor(state, layout, InitialStateSeed(state));
}

InitialState CalvinInitialState(const SymbolicState& state) {
  return InitialStateFor(state, SurfaceLayout{});
}

}  // namespace deerbench
