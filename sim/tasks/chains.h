// Evaluation chains: an initial symbolic state and five tasks.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "sim/tasks/task.h"

namespace deerbench {

inline constexpr int kChainLength = 5;
inline constexpr int kEvaluationChains = 1000;

enum class BlockPlace { kTable, kSliderLeft, kSliderRight };

// Symbolic initial condition; fields in CALVIN's order.
struct SymbolicState {
  bool led = false;
  bool lightbulb = false;
  bool slider_left = false;              // else right
  bool drawer_open = false;              // else closed
  std::array<BlockPlace, 3> block = {};  // by BlockColor
  // `grasped` is always 0 in initial conditions.
  friend bool operator==(const SymbolicState&, const SymbolicState&) = default;
};

struct Chain {
  SymbolicState state;
  std::array<TaskId, kChainLength> tasks{};
  friend bool operator==(const Chain&, const Chain&) = default;
};

enum class ChainSet { kEvaluation, kTuning };

// CALVIN's get_sequences(count), bit for bit, for any count. Not prefix-stable in `count`.
std::vector<Chain> CalvinSequences(int count);

// The first `count` chains of a set. The evaluation set is CalvinSequences(1000); the tuning set shares no
// chain with it. Throws Error if `count` is below 1 or above the set's size.
std::vector<Chain> Chains(ChainSet set, int count);

// One JSON object on one line: {"state": {...}, "tasks": [...]}.
std::string ToJson(const Chain& chain);

using RobotObs =
    std::array<double, 15>;  // tcp pos 3, tcp euler 3, gripper width, arm joints 7, gripper action
using SceneObs =
    std::array<double, 24>;  // slide, drawer, button, switch, bulb, led, 3 x (pos 3, euler 3) red blue pink

struct InitialState {
  RobotObs robot_obs{};
  SceneObs scene_obs{};
};

// CALVIN's get_env_state_for_initial_condition, bit for bit (scene D's positions).
InitialState CalvinInitialState(const SymbolicState& state);

}  // namespace deerbench
