// Isolated physics against recordings of PyBullet, substep by substep: micro_{scene}.npz. Each case begins in
// a fresh world after a reset, has one thing changed, and runs for half a second or a second.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>
#include <set>

#include "sim/physics/bullet_scene.h"
#include "sim/physics/bullet_world.h"
#include "tests/physics/recordings.h"

namespace deerbench {
namespace {

struct Case {
  std::string name;
  std::vector<double> q, dq;       // (N, 9)
  std::vector<double> tq, tdq;     // (N, 4): slide, drawer, button, switch
  std::vector<double> block_pos;   // (N, 3, 3), in load order
  std::vector<double> block_quat;  // (N, 3, 4)
  std::vector<double> block_lin, block_ang;
  std::vector<double> motor_targets;  // (7), of arm_step_response

  size_t rows() const { return q.size() / 9; }
};

Case ReadCase(const test::Npz& arrays, const std::string& name) {
  const auto numbers = [&](const char* array) {
    const auto found = arrays.find(name + "/" + array);
    return found == arrays.end() ? std::vector<double>{} : found->second.doubles();
  };
  return {name,
          numbers("q"),
          numbers("dq"),
          numbers("tq"),
          numbers("tdq"),
          numbers("block_pos"),
          numbers("block_quat"),
          numbers("block_lin"),
          numbers("block_ang"),
          numbers("motor_targets")};
}

class MicroWorld {
 public:
  MicroWorld(const BulletScene& scene, const Case& c)
      : scene_(scene),
        robot_(scene.description().robot),
        table_links_{scene.description().table.slide_link, scene.description().table.drawer_link,
                     scene.description().table.button_link, scene.description().table.switch_link},
        world_(scene.MakeWorld()) {
    Settle(c);
    if (c.name.starts_with("gripper_open")) CloseAsIn(c);
    SetRow0(c);
    SetMotors(c);
  }

  void Step() { world_->Step(); }

  // Largest difference of joint positions and of block poses to a row, m or rad.
  double Difference(const Case& c, size_t row) const {
    double largest = 0;
    const auto compare = [&](double ours, double recorded) {
      largest = std::max(largest, std::abs(ours - recorded));
    };
    for (size_t i = 0; i < 9; ++i)
      compare(world_->joint_position(robot_.body, ArmOrFinger(i)), c.q[9 * row + i]);
    for (size_t i = 0; i < 4; ++i)
      compare(world_->joint_position(table(), table_links_[i]), c.tq[4 * row + i]);
    // How the blocks of this case lay before it is not recorded.
    if (c.name.starts_with("gripper_open")) return largest;
    for (size_t i = 0; i < 3; ++i) {
      const btMultiBody& block = world_->body(Block(i));
      for (size_t k = 0; k < 3; ++k)
        compare(block.getBasePos()[static_cast<int>(k)], c.block_pos[9 * row + 3 * i + k]);
      const btQuaternion q = block.getWorldToBaseRot().inverse();
      double same = 0, opposite = 0;
      for (size_t k = 0; k < 4; ++k) {
        const double recorded = c.block_quat[12 * row + 4 * i + k];
        same = std::max(same, std::abs(q[static_cast<int>(k)] - recorded));
        opposite = std::max(opposite, std::abs(q[static_cast<int>(k)] + recorded));
      }
      compare(std::min(same, opposite), 0);
    }
    return largest;
  }

 private:
  int table() const { return scene_.description().table.body; }
  int Block(size_t slot) const { return scene_.description().block_bodies[scene_.slot_color(slot)]; }
  int ArmOrFinger(size_t i) const { return i < 7 ? robot_.arm_links[i] : robot_.finger_links[i - 7]; }

  // As calvin_env's reset and its one substep. Where the blocks were before it follows from where they are
  // after it, because PyBullet moves them by their new velocities; but a block set down flat touches with a
  // corner that rounding picks, so it has to be flat and on the grid of ten decimals that the initial states
  // are given in.
  void Settle(const Case& c) {
    for (const int link : table_links_) world_->ResetJoint(table(), link, 0);
    for (size_t i = 0; i < 3; ++i) {
      btVector3 position;
      for (size_t k = 0; k < 3; ++k)
        position[static_cast<int>(k)] =
            std::round((c.block_pos[3 * i + k] - c.block_lin[3 * i + k] * kTimestep_s) * 1e10) / 1e10;
      const double* w = &c.block_ang[3 * i];
      const double* q = &c.block_quat[4 * i];
      const btVector3 turned = btVector3(w[0], w[1], w[2]) * kTimestep_s;
      const btQuaternion back(turned.length() > 0 ? turned : btVector3(1, 0, 0), -turned.length());
      const btQuaternion before = back * btQuaternion(q[0], q[1], q[2], q[3]);
      world_->ResetBase(Block(i), position, btQuaternion(0, 0, before.z(), before.w()).normalized());
    }
    for (size_t i = 0; i < 9; ++i) {
      world_->ResetJoint(robot_.body, ArmOrFinger(i), ResetPosition(i));
      SetMotor(i, ResetPosition(i), kFingerForce_N);
    }
    world_->Step();
  }

  // The recordings begin with one of CALVIN's initial states: they all have the same robot.
  double ResetPosition(size_t i) const { return i < 7 ? reset_.robot_obs[7 + i] : reset_.robot_obs[6] / 2; }

  // This case was recorded from where closing the gripper had led by then.
  void CloseAsIn(const Case& c) {
    for (size_t i = 7; i < 9; ++i) SetMotor(i, 0, kFingerForce_N);
    for (int i = 0; i < 240 && std::abs(world_->joint_position(robot_.body, ArmOrFinger(7)) - c.q[7]) > 1e-9;
         ++i)
      world_->Step();
  }

  // What the case changed by hand, and nothing else.
  void SetRow0(const Case& c) {
    constexpr double kSame = 1e-9;
    const auto set_joint = [&](int body, int link, double position, double velocity) {
      if (std::abs(world_->joint_position(body, link) - position) < kSame &&
          std::abs(world_->joint_velocity(body, link) - velocity) < kSame)
        return;
      world_->ResetJoint(body, link, position);
      world_->body(body).setJointVel(link, velocity);
    };
    for (size_t i = 0; i < 9; ++i) set_joint(robot_.body, ArmOrFinger(i), c.q[i], c.dq[i]);
    for (size_t i = 0; i < 4; ++i) set_joint(table(), table_links_[i], c.tq[i], c.tdq[i]);
    for (size_t i = 0; i < 3; ++i) {
      const double *p = &c.block_pos[3 * i], *q = &c.block_quat[4 * i], *v = &c.block_lin[3 * i],
                   *w = &c.block_ang[3 * i];
      const btVector3 position(p[0], p[1], p[2]);
      if ((world_->body(Block(i)).getBasePos() - position).length() < kSame) continue;
      world_->ResetBase(Block(i), position, {q[0], q[1], q[2], q[3]});
      world_->body(Block(i)).setBaseVel({v[0], v[1], v[2]});
      world_->body(Block(i)).setBaseOmega({w[0], w[1], w[2]});
    }
  }

  void SetMotor(size_t i, double target, double force) {
    world_->SetMotor(robot_.body, ArmOrFinger(i), i < 7 ? ArmMotor(target) : FingerMotor(target, force));
  }

  void SetMotors(const Case& c) {
    const auto fingers = [&](double target, double force) {
      for (size_t i = 7; i < 9; ++i) SetMotor(i, target, force);
    };
    if (c.name.starts_with("gripper_close")) fingers(0, kFingerForce_N);
    if (c.name.starts_with("gripper_open_weak") || c.name.starts_with("gripper_gear"))
      fingers(robot_.gripper_joint_open_m, kOpeningForce_N);
    for (size_t i = 0; i < c.motor_targets.size() && i < 7; ++i) SetMotor(i, c.motor_targets[i], 0);
    if (c.name.starts_with("arm_fall"))
      for (const int link : robot_.arm_links) world_->SetMotor(robot_.body, link, {.max_force = 0});
  }

  const BulletScene& scene_;
  const RobotRoles& robot_;
  const InitialState reset_ = CalvinInitialState({});
  std::array<int, 4> table_links_;
  std::unique_ptr<BulletWorld> world_;
};

TEST_CASE("isolated physics is PyBullet's") {
  for (const auto& file : test::RecordedFiles("micro_", ".npz")) {
    const BulletScene& scene = BulletScene::Of(*test::CalvinScene(test::SceneLetter(file)));
    const test::Npz arrays = test::ReadNpz(file);
    std::set<std::string> names;
    for (const auto& [key, array] : arrays) names.insert(key.substr(0, key.find('/')));
    for (const std::string& name : names) {
      const Case c = ReadCase(arrays, name);
      MicroWorld world(scene, c);
      double largest = 0;
      for (size_t row = 1; row < c.rows(); ++row) {
        world.Step();
        largest = std::max(largest, world.Difference(c, row));
      }
      std::cout << fmt::format("parity micro {} {}: largest difference {:.2g} over {} substeps\n",
                               test::SceneLetter(file), name, largest, c.rows() - 1);
      INFO(file << " case " << name);
      CHECK(largest <= 1e-4);
    }
  }
}

}  // namespace
}  // namespace deerbench
