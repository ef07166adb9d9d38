#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <functional>

#include "base/error.h"
#include "sim/physics/world.h"
#include "sim/physics/world_state.h"

namespace deerbench {
namespace {

std::shared_ptr<const SceneModel> Scene(const std::string& letter) {
  return LoadScene(letter, std::getenv("DEERBENCH_SCENES"));
}

std::shared_ptr<const SceneModel> SceneD() {
  static const auto model = Scene("D");
  return model;
}

World WorldWithBlocksOnTable() {
  SymbolicState state;
  state.block = {BlockPlace::kTable, BlockPlace::kSliderRight, BlockPlace::kSliderLeft};
  const InitialState start = CalvinInitialState(state);
  World world(SceneD());
  world.Reset(start.robot_obs, start.scene_obs);
  return world;
}

// Absolute action towards a tcp position with the hand pointing down.
std::array<double, 7> Down(const Vec3& p, double gripper) {
  return {p.x, p.y, p.z, 3.14159, 0, 1.5, gripper};
}

void Hold(World& world, const Vec3& p, double gripper, int steps) {
  for (int i = 0; i < steps; ++i) world.Step(ActionType::kCartesianAbsolute, Down(p, gripper));
}

Vec3 RedBlock(const World& world) { return world.Info().blocks[0].position; }

bool Grasped(const World& world) {
  int fingers = 0;
  const RobotRoles& robot = world.model().description().robot;
  const SceneInfo info = world.Info();
  for (const ContactInfo& contact : info.blocks[0].contacts) fingers += contact.other_body == robot.body;
  return fingers >= 2;
}

struct Continuation {
  Snapshot snapshot;  // where it starts
  std::vector<std::array<double, 7>> actions;
  Snapshot end;  // after the actions
};

bool SameBits(const Snapshot& a, const Snapshot& b) {
  return a.state.version == b.state.version && a.state.values == b.state.values &&
         a.contacts.bytes == b.contacts.bytes;
}

void Continue(World& world, const std::vector<std::array<double, 7>>& actions) {
  for (const auto& action : actions) world.Step(ActionType::kCartesianAbsolute, action);
}

constexpr size_t kContinuedSteps = 30;  // 240 substeps

// Saves `world` every `every` substeps while `actions` run, and follows each save for 240 substeps.
std::vector<Continuation> SaveAlong(World& world, const std::vector<std::array<double, 7>>& actions,
                                    size_t saves, int every) {
  std::vector<Continuation> out;
  for (size_t i = 0; i < saves; ++i) {
    Continuation c;
    for (int k = 0; k < every % kSubstepsPerControl; ++k) world.Substep();  // not only between control steps
    c.snapshot = world.Save();
    c.actions.assign(actions.begin() + static_cast<std::ptrdiff_t>(i),
                     actions.begin() + static_cast<std::ptrdiff_t>(i + kContinuedSteps));
    World follower(SceneD());
    follower.Restore(c.snapshot);
    REQUIRE(SameBits(follower.Save(), c.snapshot));
    Continue(world, c.actions);
    c.end = world.Save();
    Continue(follower, c.actions);
    CHECK(SameBits(follower.Save(), c.end));  // in a fresh world
    world.Restore(c.snapshot);
    Continue(world, c.actions);
    CHECK(SameBits(world.Save(), c.end));  // in a used one
    world.Restore(c.snapshot);
    world.Step(ActionType::kCartesianAbsolute, actions[i]);
    out.push_back(std::move(c));
  }
  return out;
}

World GraspingWorld() {
  World world = WorldWithBlocksOnTable();
  const Vec3 block = RedBlock(world);
  Hold(world, {block.x, block.y, block.z + 0.1}, 1, 40);
  Hold(world, {block.x, block.y, block.z}, 1, 30);
  Hold(world, {block.x, block.y, block.z}, -1, 12);
  return world;
}

TEST_CASE("a grasp goes on with the same bits from any save point") {
  World world = GraspingWorld();
  REQUIRE(Grasped(world));
  const Vec3 block = RedBlock(world);
  std::vector<std::array<double, 7>> actions;
  for (int i = 0; i < 60; ++i)
    actions.push_back(Down({block.x - 0.002 * i, block.y + 0.001 * i, block.z + 0.003 * i}, i < 50 ? -1 : 1));
  const auto saves = SaveAlong(world, actions, 14, 3);
  CHECK(saves.size() == 14);
  CHECK(RedBlock(world).z > block.z + 0.005);  // it was in the hand meanwhile
}

TEST_CASE("a push goes on with the same bits from any save point") {
  World world = WorldWithBlocksOnTable();
  const Vec3 block = RedBlock(world);
  const Vec3 behind = {block.x - 0.08, block.y, block.z};
  Hold(world, {behind.x, behind.y, behind.z + 0.1}, -1, 40);
  Hold(world, behind, -1, 30);
  std::vector<std::array<double, 7>> actions;
  for (int i = 0; i < 60; ++i) actions.push_back(Down({behind.x + 0.006 * i, behind.y, behind.z}, -1));
  Continue(world, {actions.begin(), actions.begin() + 8});
  actions.erase(actions.begin(), actions.begin() + 8);
  const auto saves = SaveAlong(world, actions, 12, 5);
  CHECK(saves.size() == 12);
  CHECK(RedBlock(world).x > block.x + 0.01);  // it was pushed meanwhile
}

TEST_CASE("a restored world shows what the saved one showed") {
  World world = GraspingWorld();
  const Snapshot snapshot = world.Save();
  World other(SceneD());
  other.Restore(snapshot);
  CHECK(other.robot_obs() == world.robot_obs());
  CHECK(other.scene_obs() == world.scene_obs());
  CHECK(other.Info().robot.contacts == world.Info().robot.contacts);
  CHECK(other.X_WGripperCamera() == world.X_WGripperCamera());
  CHECK(other.scene_state().X_WL == world.scene_state().X_WL);
}

TEST_CASE("a damaged or foreign contact cache is refused and changes nothing") {
  World world = GraspingWorld();
  const Snapshot before = world.Save();
  Snapshot broken = before;
  for (const size_t size : {size_t{0}, size_t{7}, size_t{100}, before.contacts.bytes.size() / 2,
                            before.contacts.bytes.size() - 1}) {
    broken.contacts.bytes.assign(before.contacts.bytes.begin(),
                                 before.contacts.bytes.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_THROWS_AS(world.Restore(broken), Error);
  }
  broken = before;
  broken.contacts.bytes.push_back(std::byte{0});
  CHECK_THROWS_WITH(world.Restore(broken), Catch::Contains("after its end"));
  CHECK(SameBits(world.Save(), before));

  World elsewhere(Scene("A"));
  CHECK_THROWS_WITH(elsewhere.Restore(before), Catch::Contains("another scene"));
}

TEST_CASE("a world state of another version, length or without numbers is refused") {
  World world = WorldWithBlocksOnTable();
  const Snapshot snapshot = world.Save();
  Snapshot wrong = snapshot;
  wrong.state.version = 7;
  CHECK_THROWS_WITH(world.Restore(wrong), Catch::Contains("version 7"));
  wrong = snapshot;
  wrong.state.values.pop_back();
  CHECK_THROWS_WITH(world.Restore(wrong), Catch::Contains("values"));
  wrong = snapshot;
  wrong.state.values[3] = std::nan("");
  CHECK_THROWS_WITH(world.Restore(wrong), Catch::Contains("value 3 is nan"));
}

TEST_CASE("a world state alone draws the scene") {
  World world = GraspingWorld();
  const SceneState drawn = MakeSceneState(world.model(), world.Save().state);
  const SceneState live = world.scene_state();
  CHECK(drawn.led_on == live.led_on);
  REQUIRE(drawn.X_WL.size() == live.X_WL.size());
  for (size_t i = 0; i < live.X_WL.size(); ++i) {
    CHECK(Norm(drawn.X_WL[i].p - live.X_WL[i].p) < 1e-9);
    const Quat d = Conjugate(drawn.X_WL[i].q) * live.X_WL[i].q;
    CHECK(Norm({d.x, d.y, d.z}) < 1e-9);
  }
}

TEST_CASE("a world state alone puts a world back to nearly the same place") {
  World world = WorldWithBlocksOnTable();
  for (int i = 0; i < 20; ++i) world.Step({0.2, 0, 0.5, 0, 0, 0.1, 1});
  for (int i = 0; i < 10; ++i) world.Step({0, 0, 0, 0, 0, 0, 1});
  const InitialState again = ToInitialState(world.model(), world.Save().state);
  World other(SceneD());
  other.Reset(again.robot_obs, again.scene_obs);
  for (size_t i = 0; i < 15; ++i) CHECK(other.robot_obs()[i] == Approx(world.robot_obs()[i]).margin(1e-3));
  for (size_t i = 0; i < 24; ++i) CHECK(other.scene_obs()[i] == Approx(world.scene_obs()[i]).margin(5e-3));
}

TEST_CASE("values of a world state survive packing") {
  World world = WorldWithBlocksOnTable();
  const WorldState state = world.Save().state;
  CHECK(Pack(Unpack(state)).values == state.values);
  const WorldStateFields fields = Unpack(state);
  CHECK(fields.gripper_action == 1);
  CHECK(fields.arm[1].position == world.robot_obs()[8]);
}

}  // namespace
}  // namespace deerbench
