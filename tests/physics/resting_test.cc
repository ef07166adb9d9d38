// Blocks of our own scenes that lie still are asleep.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "sim/physics/bullet_scene.h"
#include "sim/physics/bullet_types.h"
#include "sim/physics/bullet_world.h"
#include "sim/physics/world.h"

namespace deerbench {
namespace {

std::shared_ptr<const SceneModel> SceneD() {
  static const auto model = LoadScene("D", std::getenv("DEERBENCH_SCENES"));
  return model;
}

const SceneDescription& D() { return SceneD()->description(); }

// Red on the table, blue in the right of the cabinet, pink in the left.
InitialState Start() {
  SymbolicState state;
  state.block = {BlockPlace::kTable, BlockPlace::kSliderRight, BlockPlace::kSliderLeft};
  return CalvinInitialState(state);
}

struct Rig {
  Rig() : bullet(BulletScene::Of(*SceneD()).MakeWorld()) {
    for (int i = 0; i < 3; ++i) Place(i, {0.05 + 0.1 * i, -0.1, 0.49});
  }
  void Place(int color, const Vec3& position) {
    bullet->ResetBase(block_body(color), ToBullet(position), btQuaternion::getIdentity());
  }
  void Run(double seconds) {
    for (int i = 0; i < static_cast<int>(seconds * 240); ++i) bullet->Step();
  }
  static int block_body(int color) { return D().block_bodies[static_cast<size_t>(color)]; }
  btVector3 position(int color) const { return bullet->body(block_body(color)).getBasePos(); }
  int asleep() const { return bullet->resting().asleep_count(); }

  std::unique_ptr<BulletWorld> bullet;
};

TEST_CASE("blocks fall asleep where they lie and stay there to the bit") {
  Rig rig;
  CHECK(rig.asleep() == 0);
  rig.Run(0.25);
  CHECK(rig.asleep() == 0);  // still falling, or not still for long enough
  rig.Run(2);
  REQUIRE(rig.asleep() == 3);
  const btVector3 before = rig.position(1);
  CHECK(before.z() > 0.459);
  rig.Run(1);
  CHECK(rig.position(1) == before);
  CHECK(rig.asleep() == 3);
}

TEST_CASE("a reset wakes every block") {
  Rig rig;
  rig.Run(2);
  REQUIRE(rig.asleep() == 3);
  rig.Place(0, {0.05, -0.1, 0.6});
  CHECK(rig.asleep() == 0);
  rig.Run(0.1);
  CHECK(rig.position(0).z() < 0.58);
}

TEST_CASE("a block that something touches is awake, and the others sleep on") {
  const InitialState start = Start();
  World world(SceneD());
  world.Reset(start.robot_obs, start.scene_obs);
  for (int i = 0; i < 40; ++i) world.Step({0, 0, 0, 0, 0, 0, 1});
  const SceneInfo before = world.Info();
  for (const BlockInfo& block : before.blocks) CHECK(Norm(block.linear_velocity) == 0);
  const Vec3 red = before.blocks[0].position;
  const auto hold = [&](const Vec3& p, int steps) {
    for (int i = 0; i < steps; ++i)
      world.Step(ActionType::kCartesianAbsolute, std::array{p.x, p.y, p.z, 3.14159, 0.0, 1.5, -1.0});
  };
  hold({red.x - 0.1, red.y, red.z + 0.1}, 40);
  hold({red.x - 0.1, red.y, red.z}, 30);
  hold({red.x + 0.02, red.y, red.z}, 20);
  const SceneInfo after = world.Info();
  CHECK(after.blocks[0].position.x > red.x + 0.02);
  CHECK(after.blocks[1].position == before.blocks[1].position);
  CHECK(after.blocks[2].position == before.blocks[2].position);
}

TEST_CASE("what a sleeping block stands on cannot slip away from under it") {
  Rig rig;
  rig.Place(1, {0.2, -0.1, 0.49});
  rig.Run(1);
  rig.Place(0, {0.2, -0.1, rig.position(1).z() + 0.06});
  rig.Run(2);
  REQUIRE(rig.asleep() == 3);
  const double top = rig.position(0).z();
  REQUIRE(top > rig.position(1).z() + 0.02);
  rig.bullet->body(Rig::block_body(1)).setBaseVel({0, -1.5, 0});
  rig.bullet->resting().WakeAll();
  rig.Run(0.5);
  CHECK(rig.position(0).z() < top - 0.02);
}

TEST_CASE("a block rides in the drawer") {
  Rig rig;
  const int table = D().table.body, drawer = D().table.drawer_link;
  rig.bullet->ResetJoint(table, drawer, 0.16);
  const btVector3 inside = rig.bullet->collider(table, drawer).getWorldTransform().getOrigin();
  rig.Place(0, {inside.x(), inside.y(), inside.z() + 0.05});
  rig.Run(2);
  const btVector3 before = rig.position(0);
  rig.bullet->SetMotor(table, drawer, {.velocity = -0.1, .max_force = 100});
  rig.Run(1);
  CHECK(rig.bullet->joint_position(table, drawer) < 0.08);
  CHECK(rig.position(0).y() > before.y() + 0.05);
}

}  // namespace
}  // namespace deerbench
