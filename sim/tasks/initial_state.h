// The metres of a chain's start: CALVIN's initial-state vectors for a symbolic state.
// Source: get_env_state_for_initial_condition in calvin_models/calvin_agent/evaluation/utils.py.
#pragma once

#include <array>
#include <cstdint>

#include "base/geometry.h"
#include "sim/tasks/symbolic_state.h"

namespace deerbench {

using RobotObs =
    std::array<double, 15>;  // tcp pos 3, tcp euler 3, gripper width, arm joints 7, gripper action
// slide, drawer, button, switch, bulb, led, 3 x (pos 3, euler 3) of the blocks in the order in which the
// scene loads them, as in CALVIN: red, blue, pink in scene D.
using SceneObs = std::array<double, 24>;

struct InitialState {
  RobotObs robot_obs{};
  SceneObs scene_obs{};
};

// Where a scene takes symbols to be. The defaults are CALVIN's numbers, which are scene D's. Positions are in
// W, metres, of the centre of a block that lies there with half a height of 0.02.
struct SurfaceLayout {
  Vec3 slider_left = {-0.240851662, 0.0924044687, 0.460990009};
  Vec3 slider_right = {0.070341633, 0.0924044687, 0.460990009};
  std::array<Vec3, 2> table = {Vec3{0.0500000896, -0.120000177, 0.459990009},
                               Vec3{0.229995412, -0.11999514, 0.45999001}};
  double slide_left_m = 0.28;  // joint positions; right, closed and off are 0
  double drawer_open_m = 0.22;
  double switch_on_m = 0.088;
  std::array<double, 3> block_half_height_m = {0.02, 0.02, 0.02};  // by BlockColor
  // Which of the three block places in scene_obs each colour has: CALVIN's order is a scene's load order.
  std::array<int, 3> block_slot = {0, 1, 2};  // by BlockColor
};

// CALVIN's seed of a state: 32-bit FNV-0 over the UTF-16-LE bytes of Python's str(dict.values()).
uint32_t InitialStateSeed(const SymbolicState& state);

// CALVIN's function with a scene's own places. `seed` decides which block gets which of the two places on the
// table and the blocks' yaws; by default it is CALVIN's own. Throws Error if block_slot is no permutation.
InitialState InitialStateFor(const SymbolicState& state, const SurfaceLayout& layout, uint32_t seed);
InitialState InitialStateFor(const SymbolicState& state, const SurfaceLayout& layout);

// CALVIN's get_env_state_for_initial_condition, bit for bit (scene D's places).
InitialState CalvinInitialState(const SymbolicState& state);

}  // namespace deerbench
