// One demonstration: what a file keeps of a subtask that somebody carried out. T is its number of control
// steps.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/physics/world.h"
#include "sim/tasks/initial_state.h"
#include "sim/tasks/task.h"

namespace deerbench {

inline constexpr size_t kStateSize = 102;  // values of a WorldState

// What can be known of a demonstration without reading its arrays.
struct DemoInfo {
  TaskId task = 0;
  std::string sentence;           // what a policy is told
  std::string scene;              // "A" .. "D"
  std::string source = "expert";  // who acted: "expert", or what a training round calls itself
  uint64_t seed = 0;              // of the collector's unit
  int64_t unit = 0;      // number of the world in which it was played; several follow each other in one
  int part = 0;          // its place among the unit's subtasks, failed ones and unrecorded ones included
  bool success = false;  // by the oracle, at the last step
  int length = 0;        // T
};

struct Demonstration {
  DemoInfo info;
  std::vector<WorldState> states;        // (T + 1): before each step, and after the last
  ContactCache start_contacts;           // with states[0] a Snapshot to replay from; may be empty
  std::vector<RobotObs> robot_obs;       // (T)
  std::vector<SceneObs> scene_obs;       // (T)
  std::vector<RelativeAction> actions;   // (T) labels: what the expert would do in states[t]
  std::vector<RelativeAction> executed;  // (T) what was done: differs where noise or a learner acted
  std::vector<uint8_t> labelled;         // (T) 0 where the expert had no answer: actions[t] means nothing;
                                         // empty: every step is labelled
};

// Throws Error naming the field unless lengths agree, all numbers are finite, actions are legal and the
// states have this program's version.
void Validate(const Demonstration& demo);

// SHA-256 over everything a demonstration holds: 64 lower-case digits.
std::string Checksum(const Demonstration& demo);

}  // namespace deerbench
