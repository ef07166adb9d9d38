// What a policy may see of one control step.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/tasks/chains.h"

namespace deerbench {

struct Observation {
  int static_size = 200;  // pictures are square
  int gripper_size = 84;
  std::vector<uint8_t> rgb_static;   // (200, 200, 3)
  std::vector<uint8_t> rgb_gripper;  // (84, 84, 3)
  std::vector<float> depth_static;   // (200, 200) m; empty unless asked for
  std::vector<float> depth_gripper;  // (84, 84) m; empty unless asked for
  RobotObs robot_obs{};
  SceneObs scene_obs{};  // privileged: policies under evaluation do not receive it
};

}  // namespace deerbench
