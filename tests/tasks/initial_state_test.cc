#include "sim/tasks/initial_state.h"

#include <catch2/catch.hpp>
#include <set>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/sha256.h"

namespace deerbench {
namespace {

const SymbolicState kState = {
    .led = true,
    .lightbulb = true,
    .slider_left = true,
    .drawer_open = true,
    .block = {BlockPlace::kSliderLeft, BlockPlace::kTable, BlockPlace::kSliderRight}};

Vec3 BlockAt(const SceneObs& obs, int slot) {
  return {obs[6 + 6 * slot], obs[7 + 6 * slot], obs[8 + 6 * slot]};
}

// The digest is of what calvin_models' get_env_state_for_initial_condition returned (numpy 2.4.6, pyhash's
// FNV-0) for the 192 states in order: 15 + 24 little-endian doubles each.
TEST_CASE("The vectors of all 192 initial conditions are CALVIN's to the last bit") {
  Sha256 digest;
  for (const SymbolicState& state : InitialConditions()) {
    const InitialState vectors = CalvinInitialState(state);
    digest.Update(std::as_bytes(std::span(vectors.robot_obs)));
    digest.Update(std::as_bytes(std::span(vectors.scene_obs)));
  }
  CHECK(digest.HexDigest() == "2db0a533c3ca6603f801b10ba4636d65f1ebfbcfcba25c320ea6a573787776c8");
}

TEST_CASE("The seed is the hash of Python's text of the state") {
  CHECK(InitialStateSeed(kState) == 2138410836u);
}

TEST_CASE("Every initial condition has a seed of its own") {
  std::set<uint32_t> seeds;
  for (const SymbolicState& state : InitialConditions()) CHECK(seeds.insert(InitialStateSeed(state)).second);
}

TEST_CASE("A scene's own places, heights, joints and slots take the place of scene D's") {
  SurfaceLayout layout;
  layout.slider_left = {-0.24, 0.085, 0.461};
  layout.slider_right = {0.04, 0.085, 0.461};
  layout.table = {Vec3{0.05, -0.12, 0.46}, Vec3{-0.15, -0.12, 0.46}};
  layout.slide_left_m = 0.24;
  layout.drawer_open_m = 0.2;
  layout.switch_on_m = 0.07;
  layout.block_half_height_m = {0.02, 0.03, 0.02};
  layout.block_slot = {2, 1, 0};
  const InitialState state = InitialStateFor(kState, layout);
  CHECK(state.robot_obs == CalvinInitialState(kState).robot_obs);
  CHECK(state.scene_obs[0] == 0.24);
  CHECK(state.scene_obs[1] == 0.2);
  CHECK(state.scene_obs[2] == 0);
  CHECK(state.scene_obs[3] == 0.07);
  CHECK(state.scene_obs[4] == 1);
  CHECK(state.scene_obs[5] == 1);
  CHECK(BlockAt(state.scene_obs, 2) == layout.slider_left);
  CHECK(BlockAt(state.scene_obs, 0) == layout.slider_right);
  const Vec3 blue = BlockAt(state.scene_obs, 1);
  CHECK((blue.x == 0.05 || blue.x == -0.15));
  CHECK(blue.y == -0.12);
  CHECK(blue.z == Approx(0.47));
  // The yaws are CALVIN's, each with its block.
  const SceneObs calvin = CalvinInitialState(kState).scene_obs;
  CHECK(state.scene_obs[23] == calvin[11]);
  CHECK(state.scene_obs[17] == calvin[17]);
  CHECK(state.scene_obs[11] == calvin[23]);
}

TEST_CASE("Two blocks on the table never share a place") {
  for (const SymbolicState& state : InitialConditions()) {
    for (uint32_t seed = 0; seed < 4; ++seed) {
      const SceneObs obs = InitialStateFor(state, SurfaceLayout{}, seed).scene_obs;
      CHECK(Norm(BlockAt(obs, 0) - BlockAt(obs, 1)) > 0.1);
      CHECK(Norm(BlockAt(obs, 1) - BlockAt(obs, 2)) > 0.1);
      CHECK(Norm(BlockAt(obs, 2) - BlockAt(obs, 0)) > 0.1);
    }
  }
}

TEST_CASE("Another seed gives other yaws and, sooner or later, the other place on the table") {
  std::set<double> yaws, places;
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const SceneObs obs = InitialStateFor(kState, SurfaceLayout{}, seed).scene_obs;
    yaws.insert(obs[17]);
    places.insert(obs[12]);
  }
  CHECK(yaws.size() == 20);
  CHECK(places.size() == 2);
}

TEST_CASE("Slots that are no permutation are refused") {
  SurfaceLayout layout;
  layout.block_slot = {0, 1, 1};
  CHECK_THROWS_WITH(InitialStateFor(kState, layout),
                    Catch::Contains("block_slot") && Catch::Contains("0, 1, 1"));
  layout.block_slot = {0, 1, 3};
  CHECK_THROWS_AS(InitialStateFor(kState, layout), Error);
}

}  // namespace
}  // namespace deerbench
