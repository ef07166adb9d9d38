#include "sim/physics/world.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <future>
#include <limits>
#include <vector>

#include "base/error.h"

namespace deerbench {
namespace {

std::shared_ptr<const SceneModel> SceneD() {
  static const auto model = LoadScene("D", std::getenv("DEERBENCH_SCENES"));
  return model;
}

InitialState AnyState() {
  SymbolicState state;
  state.block = {BlockPlace::kTable, BlockPlace::kSliderRight, BlockPlace::kSliderLeft};
  return CalvinInitialState(state);
}

World ResetWorld() {
  World world(SceneD());
  const InitialState state = AnyState();
  world.Reset(state.robot_obs, state.scene_obs);
  return world;
}

constexpr RelativeAction kRest = {0, 0, 0, 0, 0, 0, 1};

TEST_CASE("a reset world shows the state it was given") {
  const InitialState state = AnyState();
  const World world = ResetWorld();
  const RobotObs robot = world.robot_obs();
  for (size_t i = 0; i < robot.size(); ++i) CHECK(robot[i] == Approx(state.robot_obs[i]).margin(2e-3));
  const SceneObs scene = world.scene_obs();
  for (const size_t i : {0, 1, 2, 3, 4, 5}) CHECK(scene[i] == Approx(state.scene_obs[i]).margin(1e-3));
  for (size_t block = 0; block < 3; ++block)
    for (size_t i = 6 + 6 * block; i < 9 + 6 * block; ++i)
      CHECK(scene[i] == Approx(state.scene_obs[i]).margin(2e-3));
}

TEST_CASE("a relative action moves the tcp by up to two centimetres and turns the target by up to 0.05 rad") {
  World world = ResetWorld();
  const Vec3 start = world.X_WTcp().p;
  for (int i = 0; i < 10; ++i) world.Step({1, 0, 0, 0, 0, 0, 1});
  for (int i = 0; i < 10; ++i) world.Step(kRest);
  const Vec3 moved = world.X_WTcp().p - start;
  CHECK(moved.x == Approx(0.2).margin(0.01));
  CHECK(std::hypot(moved.y, moved.z) < 0.02);
}

TEST_CASE("the gripper closes at -1 and opens at 1") {
  World world = ResetWorld();
  for (int i = 0; i < 15; ++i) world.Step({0, 0, 0, 0, 0, 0, -1});
  CHECK(world.robot_obs()[6] < 0.005);
  CHECK(world.robot_obs()[14] == -1);
  for (int i = 0; i < 15; ++i) world.Step(kRest);
  CHECK(world.robot_obs()[6] > 0.07);
}

TEST_CASE("an action that makes no sense is refused and changes nothing") {
  World world = ResetWorld();
  const RobotObs before = world.robot_obs();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(world.Step({0, 0, nan, 0, 0, 0, 1}), Catch::Contains("action[2] is nan"));
  CHECK_THROWS_WITH(world.Step({0, 0, 0, 0, 0, 0, 0.5}),
                    Catch::Contains("action[6]") && Catch::Contains("0.5") && Catch::Contains("-1 (close)"));
  CHECK_THROWS_WITH(world.Step(ActionType::kJointAbsolute, std::array<double, 7>{}),
                    Catch::Contains("7 elements, expected 8"));
  CHECK_THROWS_AS(world.Step(ActionType::kCartesianAbsolute, std::array<double, 9>{}), Error);
  CHECK_THROWS_WITH(
      world.Step(ActionType::kCartesianAbsolute, std::array<double, 8>{0, 0, 0, 0, 0, 0, 0, -1}),
      Catch::Contains("quaternion of length 0"));
  CHECK_THROWS_WITH(world.Step({0, 1e300, 0, 0, 0, 0, 1}), Catch::Contains("action[1] is 1e+300"));
  CHECK(world.robot_obs() == before);
}

TEST_CASE("a reset to something that is no number is refused") {
  World world = ResetWorld();
  InitialState state = AnyState();
  state.scene_obs[7] = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH(world.Reset(state.robot_obs, state.scene_obs), Catch::Contains("scene_obs[7] is inf"));
  state = AnyState();
  state.scene_obs[5] = 2;
  CHECK_THROWS_WITH(world.Reset(state.robot_obs, state.scene_obs),
                    Catch::Contains("scene_obs[5] (led) is 2"));
}

TEST_CASE("worlds of one scene with the same actions have the same bits") {
  World a = ResetWorld(), b = ResetWorld();
  for (int i = 0; i < 20; ++i) {
    const RelativeAction action = {0.5, -0.2, -1, 0.1, 0, 0.3, i % 8 < 4 ? 1.0 : -1.0};
    a.Step(action);
    b.Step(action);
    REQUIRE(a.robot_obs() == b.robot_obs());
    REQUIRE(a.scene_obs() == b.scene_obs());
  }
}

TEST_CASE("worlds on several threads have the bits of one alone") {
  const auto run = [] {
    World world = ResetWorld();
    for (int i = 0; i < 15; ++i) world.Step({0.3, 0.6, -1, 0, 0.2, 0.3, i < 8 ? 1.0 : -1.0});
    return world.Save();
  };
  const Snapshot alone = run();
  std::vector<std::future<Snapshot>> others;
  for (int i = 0; i < 4; ++i) others.push_back(std::async(std::launch::async, run));
  for (auto& other : others) {
    const Snapshot snapshot = other.get();
    CHECK(snapshot.state.values == alone.state.values);
    CHECK(snapshot.contacts.bytes == alone.contacts.bytes);
  }
}

TEST_CASE("the button toggles the LED when it is pressed and not when it is let go") {
  World world = ResetWorld();
  InitialState state = AnyState();
  const auto press = [&](double depth) {
    const bool before = world.Info().led_on;
    state.scene_obs[2] = depth;
    state.scene_obs[5] = before;
    world.Reset(state.robot_obs, state.scene_obs);
    world.Step(kRest);
    return world.Info().led_on != before;
  };
  CHECK(press(0.02));
  CHECK_FALSE(press(0.0));
  CHECK(press(0.02));
}

TEST_CASE("the switch lights the bulb while it is beyond its middle") {
  World world = ResetWorld();
  InitialState state = AnyState();
  state.scene_obs[3] = 0.088;
  world.Reset(state.robot_obs, state.scene_obs);
  CHECK_FALSE(world.Info().lightbulb_on);  // a reset shows the light it was given
  world.Step(kRest);
  CHECK(world.Info().lightbulb_on);
  state.scene_obs[3] = 0;
  state.scene_obs[4] = 1;
  world.Reset(state.robot_obs, state.scene_obs);
  world.Step(kRest);
  CHECK(world.Info().lightbulb_on);  // as in CALVIN: only a switch that was seen on can turn it off
}

TEST_CASE("relative actions add up whether or not the arm can follow") {
  World world = ResetWorld();
  for (int i = 0; i < 3; ++i) world.Step({0, 0, 0, 0, 0, 1, 1});
  World other = ResetWorld();
  const Vec3 p = other.X_WTcp().p;
  const RobotObs obs = other.robot_obs();
  // The same target as one absolute action; the reset itself moves the arm by a few micrometres.
  for (int i = 0; i < 20; ++i) {
    world.Step(kRest);
    other.Step(ActionType::kCartesianAbsolute,
               std::array<double, 7>{p.x, p.y, p.z, obs[3], obs[4], obs[5] + 0.15, 1});
  }
  for (size_t i = 0; i < 6; ++i) CHECK(world.robot_obs()[i] == Approx(other.robot_obs()[i]).margin(5e-4));
}

TEST_CASE("blocks at rest touch the table and nothing touches the arm") {
  World world = ResetWorld();
  for (int i = 0; i < 5; ++i) world.Step(kRest);
  const SceneInfo info = world.Info();
  CHECK(info.robot.contacts.empty());
  for (const BlockInfo& block : info.blocks) {
    REQUIRE_FALSE(block.contacts.empty());
    CHECK(block.contacts[0].other_body == info.table.uid);
    CHECK(block.contacts[0].own_link == -1);
    CHECK(Norm(block.linear_velocity) < 0.01);
  }
}

}  // namespace
}  // namespace deerbench
