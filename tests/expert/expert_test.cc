#include "sim/expert/expert.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "base/error.h"
#include "tests/expert/trials.h"

namespace deerbench::test {
namespace {

std::shared_ptr<const SceneModel> SceneD() {
  static const auto model = LoadScene("D", std::getenv("DEERBENCH_SCENES"));
  return model;
}

TEST_CASE("The expert fulfils every task in scene D from most of three starts") {
  constexpr int kTrials = 3;
  for (TaskId task = 0; task < kTaskCount; ++task) {
    const auto starts = ShortestStarts(task);
    int succeeded = 0;
    for (int i = 0; i < kTrials; ++i) {
      succeeded += RunFromStart(SceneD(), starts[i * 7919 % starts.size()], task, i).succeeded;
    }
    INFO(Tasks()[task].name << ": " << succeeded << " of " << kTrials);
    CHECK(succeeded >= 2);
  }
}

TEST_CASE("The expert carries on in a state that somebody else brought about") {
  const TaskId task = TaskByName("lift_red_block_table");
  World world(SceneD());
  const InitialState initial = CalvinInitialState(ShortestStarts(task)[0].state);
  world.Reset(initial.robot_obs, initial.scene_obs);
  Expert expert(SceneD());
  expert.Reset(world, task, 1);
  const SceneInfo start = world.Info();
  for (int i = 0; i < 20; ++i) world.Step(expert.Step(world).action);
  for (int i = 0; i < 15; ++i) world.Step(RelativeAction{1, 0.5, 0.5, 0, 0, 1, 1});  // somebody else
  bool lifted = false;
  for (int i = 0; i < 150 && !lifted; ++i) {
    world.Step(expert.Step(world).action);
    lifted = Completed(task, start, world.Info());
  }
  CHECK(lifted);
}

TEST_CASE("The expert says in plain words why it cannot act") {
  World world(SceneD());
  const TaskId lift = TaskByName("lift_red_block_table");
  const InitialState initial = CalvinInitialState(ShortestStarts(lift)[0].state);
  world.Reset(initial.robot_obs, initial.scene_obs);
  Expert expert(SceneD());
  expert.Reset(world, TaskByName("place_in_drawer"), 1);
  const ExpertStep step = expert.Step(world);
  CHECK_FALSE(step.can_act);
  CHECK(step.reason == "no block is held");
}

TEST_CASE("Noise changes the expert's actions by its seed and keeps them in range") {
  World world(SceneD());
  const TaskId task = TaskByName("open_drawer");
  const InitialState initial = CalvinInitialState(ShortestStarts(task)[0].state);
  world.Reset(initial.robot_obs, initial.scene_obs);
  const auto first = [&](double noise, uint64_t seed) {
    Expert expert(SceneD(), {.noise = noise});
    expert.Reset(world, task, seed);
    return expert.Step(world).action;
  };
  CHECK(first(0, 1) == first(0, 2));
  CHECK(first(1, 1) == first(1, 1));
  CHECK(first(1, 1) != first(1, 2));
  for (const double a : first(5, 3)) CHECK(std::abs(a) <= 1);
  CHECK_THROWS_AS(Expert(SceneD(), {.noise = -1}), Error);
}

}  // namespace
}  // namespace deerbench::test
