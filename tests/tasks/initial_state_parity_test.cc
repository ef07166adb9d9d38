#include <catch2/catch.hpp>
#include <iostream>

#include "sim/tasks/initial_state.h"
#include "tests/tasks/calvin_recordings.h"

namespace deerbench {
namespace {

TEST_CASE("Initial states equal the recorded ones to the last bit") {
  size_t files = 0, cases = 0, equal = 0;
  for (const auto& file : Recordings("initial_states")) {
    ++files;
    for (const auto& one : ReadJson(file)) {
      const SymbolicState state = ToSymbolicState(one.at("condition"));
      const InitialState ours = CalvinInitialState(state);
      INFO(file.filename().string() << " " << one.at("condition"));
      CHECK(InitialStateSeed(state) == one.at("seed").get<uint32_t>());
      CHECK(ours.robot_obs == one.at("robot_obs").get<RobotObs>());
      CHECK(ours.scene_obs == one.at("scene_obs").get<SceneObs>());
      ++cases;
      equal += ours.robot_obs == one.at("robot_obs").get<RobotObs>() &&
               ours.scene_obs == one.at("scene_obs").get<SceneObs>();
    }
  }
  if (files == 0) return;
  std::cout << "parity initial states: " << files << " files, " << equal << " of " << cases
            << " states equal to the last bit\n";
  CHECK(cases > 0);
}

}  // namespace
}  // namespace deerbench
