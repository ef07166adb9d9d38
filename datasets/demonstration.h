// One demonstration: what a file keeps of a subtask that somebody carried out. T is its number of control
// steps.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "datasets/stored_array.h"
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
  uint64_t seed = 0;              // the collector's
  int64_t unit = 0;      // number of the world in which it was played; several follow each other in one
  int part = 0;          // its place among the unit's subtasks, failed ones and unrecorded ones included
  bool success = false;  // by the oracle, at the last step
  int length = 0;        // T

  // Of the arrays; writer and reader fill these in.
  bool has_states = true;             // false: recorded elsewhere; nothing can be drawn or replayed
  std::vector<std::string> stored{};  // names of stored arrays
  int moments = 0;                    // that can be shown: T + 1, or T if nothing is known of the time after
};

// Whether both pictures are stored.
bool HasPictures(const DemoInfo& info);

struct Demonstration {
  DemoInfo info;
  std::vector<WorldState> states;        // (T + 1): before each step, and after the last; empty if unknown
  ContactCache start_contacts;           // with states[0] a Snapshot to replay from; may be empty
  std::vector<RobotObs> robot_obs;       // (T)
  std::vector<SceneObs> scene_obs;       // (T)
  std::vector<RelativeAction> actions;   // (T) labels: what the expert would do in states[t]
  std::vector<RelativeAction> executed;  // (T) what was done: differs where noise or a learner acted
  std::vector<uint8_t> labelled;         // (T) 0 where the expert had no answer: actions[t] means nothing;
                                         // empty: every step is labelled
  std::vector<StoredArray> stored;       // pictures and the like; without states both pictures at least
};

// What is known of the arrays themselves: info as it is, completed.
DemoInfo CompleteInfo(const Demonstration& demo);

// Throws Error naming the field unless lengths agree, all numbers are finite, actions are legal, the states
// have this program's version and there is something to see: states or stored pictures.
void Validate(const Demonstration& demo);

// SHA-256 over everything a demonstration holds: 64 lower-case digits. Stored arrays count by their digests:
// `stored` in place of demo.stored.
std::string Checksum(const Demonstration& demo);
std::string Checksum(const Demonstration& demo, std::span<const StoredDigest> stored);

}  // namespace deerbench
