// How long the simulator takes where it matters: while the expert works, with contacts, doors and blocks in
// motion.
#pragma once

#include <string>
#include <vector>

#include "harness/bench/measure.h"
#include "sim/env/tabletop.h"

namespace deerbench {

struct SimBenchOptions {
  int chains = 4;            // of the tuning set
  int steps_a_subtask = 90;  // at most: an expert that is stuck would only hover
  int warm_up_steps = 60;    // not counted
};

// Figures "physics", "static camera", "gripper camera", "judge" (reading the scene for the oracle) and "whole
// step" (action in, observation out), per control step.
std::vector<Timing> BenchSim(const TabletopScene& scene, const SimBenchOptions& options = {});

// Moments of such a run, evenly spread, to draw.
struct Moment {
  SceneState state;
  Camera static_camera, gripper_camera;
};
std::vector<Moment> CollectMoments(const TabletopScene& scene, int count);

// Figures of each camera with each render option, per picture, on moments of such a run.
std::vector<Timing> BenchRender(const TabletopScene& scene, int moments = 64, int repeats = 5);

}  // namespace deerbench
