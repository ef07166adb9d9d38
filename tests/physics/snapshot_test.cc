#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>

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

int IntAt(const std::vector<std::byte>& bytes, size_t at) {
  int value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

// A contact cache begins with a mark, a version and a fingerprint; then the tree of boxes: the number of
// nodes, each of 6 numbers and 4 links, the free nodes, the root, a counter; then the boxes of the leaves,
// the overlaps found, the clean-up position and a flag.
constexpr size_t kTreeAt = 8 + 4 + 8, kTreeNode = 6 * sizeof(double) + 4 * sizeof(int);

TEST_CASE("a contact cache that would lead outside the world's memory is refused and changes nothing") {
  World world = GraspingWorld();
  const Snapshot before = world.Save();
  const std::vector<std::byte>& bytes = before.contacts.bytes;
  const auto nodes = static_cast<size_t>(IntAt(bytes, kTreeAt));
  const size_t free_at = kTreeAt + sizeof(int) + nodes * kTreeNode;
  const auto free = static_cast<size_t>(IntAt(bytes, free_at));
  const size_t root_at = free_at + (1 + free) * sizeof(int);
  const size_t leaves = (nodes - free + 1) / 2;
  const size_t found_at = root_at + 2 * sizeof(int) + leaves * 6 * sizeof(double);
  const size_t clean_at = found_at + sizeof(int), flag_at = clean_at + sizeof(int);
  const size_t pairs_at = flag_at + 1;
  const int pairs = IntAt(bytes, pairs_at);
  REQUIRE(pairs > 0);
  const auto root = static_cast<size_t>(IntAt(bytes, root_at));
  const size_t child_at = kTreeAt + sizeof(int) + root * kTreeNode + 6 * sizeof(double) + sizeof(int);

  const auto refuses = [&](size_t at, int value, const char* why) {
    Snapshot broken = before;
    std::memcpy(broken.contacts.bytes.data() + at, &value, sizeof(value));
    CHECK_THROWS_WITH(world.Restore(broken), Catch::Contains(why));
  };
  refuses(child_at, -1, "box tree");
  refuses(child_at, static_cast<int>(root), "box tree");
  refuses(found_at, std::numeric_limits<int>::max(), "overlaps");
  refuses(clean_at, pairs, "clean-up");
  refuses(clean_at, std::numeric_limits<int>::max(), "clean-up");
  refuses(clean_at, -1, "clean-up");
  Snapshot broken = before;
  broken.contacts.bytes[flag_at] = std::byte{2};
  CHECK_THROWS_WITH(world.Restore(broken), Catch::Contains("flag"));

  CHECK(SameBits(world.Save(), before));
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
  // The arm's joints are values 0 to 13, two each; fingers and table's joints follow to 25, then the blocks.
  for (const auto& [value, name] :
       {std::pair(0, "position of an arm joint"), std::pair(14, "position of a finger"),
        std::pair(18, "position of a table joint"), std::pair(26, "position of a block"),
        std::pair(32, "orientation of a block")}) {
    wrong = snapshot;
    wrong.state.values[static_cast<size_t>(value)] = -1e12;
    CHECK_THROWS_WITH(world.Restore(wrong),
                      Catch::Contains(name) && Catch::Contains("expected a number between -1e6 and 1e6"));
    CHECK_THROWS_AS(MakeSceneState(world.model(), wrong.state), Error);
  }
  wrong = snapshot;
  wrong.state.values[1] = 1e12;  // a velocity
  CHECK_NOTHROW(Unpack(wrong.state));
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
