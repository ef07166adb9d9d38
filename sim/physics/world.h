// One simulated table: an immutable SceneModel that any number of worlds share, and the mutable World.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/physics/scene_model.h"
#include "sim/scene/scene_state.h"
#include "sim/tasks/chains.h"
#include "sim/tasks/scene_info.h"

namespace deerbench {

inline constexpr int kSubstepsPerControl = 8;  // 240 Hz physics, 30 Hz control
inline constexpr double kTimestep_s = 1.0 / 240.0;

// Relative actions in [-1, 1]: 3 translations (x 0.02 m), 3 Euler angles (x 0.05 rad), gripper (-1 close, 1
// open).
using RelativeAction = std::array<double, 7>;

enum class ActionType {
  kCartesianRelative,  // 7: as RelativeAction
  kCartesianAbsolute,  // 7 (position 3, Euler 3, gripper) or 8 (position 3, quaternion 4, gripper)
  kJointRelative,      // 8: 7 joint offsets, gripper
  kJointAbsolute,      // 8: 7 joint positions, gripper
};

// Everything about a world that a dataset keeps: enough to draw it and to put it back to rest, not its
// contacts.
struct WorldState {
  static constexpr uint32_t kVersion = 1;
  uint32_t version = kVersion;
  std::vector<double> values;  // layout documented in world_state.h
};

// Solver and narrow-phase memory: opaque, valid for the same SceneModel in the same program version.
struct ContactCache {
  std::vector<std::byte> bytes;
};

// A moment that World::Restore continues from with the same bits.
struct Snapshot {
  WorldState state;
  ContactCache contacts;
};

class World {
 public:
  explicit World(std::shared_ptr<const SceneModel> model);
  ~World();
  World(World&&) noexcept;
  World& operator=(World&&) noexcept;

  const SceneModel& model() const;

  // Puts the scene into a given state (CALVIN's reset order, one substep at the end). In a fresh world the
  // result depends on the arguments alone; in a used one on history too, as in CALVIN. Throws Error on NaN,
  // on numbers beyond +-1e6, and for lights that are neither 0 nor 1.
  void Reset(const RobotObs& robot_obs, const SceneObs& scene_obs);

  // One control step: 8 substeps. Throws Error naming the element, and changes nothing, if the action has NaN
  // or a number beyond +-1e6, the wrong length, or a gripper command other than -1 and 1.
  void Step(const RelativeAction& action);
  void Step(ActionType type, std::span<const double> action);

  // One 1/240 s substep with the motor targets as they are.
  void Substep();

  RobotObs robot_obs() const;
  SceneObs scene_obs() const;
  SceneInfo Info() const;
  SceneState scene_state() const;  // for the renderer
  Pose X_WTcp() const;             // as CALVIN observes it: one substep old
  Pose X_WGripperCamera() const;   // link frame of the gripper camera, likewise
  Vec3 target_position() const;    // where relative actions have led the tcp so far, m in W
  Vec3 target_euler() const;       // rad, sums of increments: not wrapped

  // A snapshot continues with the same bits as the world it was taken of, in this world or in a fresh one of
  // the same scene. Restore throws Error, and changes nothing, for a snapshot that is damaged, of another
  // scene or of another program version.
  Snapshot Save() const;
  void Restore(const Snapshot& snapshot);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace deerbench
