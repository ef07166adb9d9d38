// Inverse kinematics of the arm, as CALVIN's controller has it from PyBullet.
#pragma once

#include <LinearMath/btMatrix3x3.h>
#include <LinearMath/btTransform.h>

#include <array>
#include <vector>

#include "sim/physics/body_blueprint.h"
#include "sim/scene/description.h"

namespace deerbench {

using ArmJoints = std::array<double, 7>;  // rad

// 20 steps of damped least squares (lambda 0.6) with a pull towards a rest pose in the null space, begun at
// the present joint positions: PyBullet's calculateInverseKinematics with CALVIN's arguments. It does not
// converge (errors of some millimetres are normal), and the simulated arm moves as it does because of that:
// this is to be reproduced, not improved. Source: IKTrajectoryHelper.cpp, BussIK/Jacobian.cpp,
// MultiBodyTreeImpl.cpp of bullet3 6c888f4.
class ArmIk {
 public:
  ArmIk(const BodyBlueprint& robot, const RobotRoles& roles);

  // Joint positions, not clipped to any limits, that bring the tcp nearer to `X_WTcp`.
  ArmJoints Solve(const btTransform& X_WTcp, const ArmJoints& q) const;

  // Pose of the tcp link in the world.
  btTransform Forward(const ArmJoints& q) const;

 private:
  // A link between the base and the tcp. Frames: P its parent, L the link, placed at the joint and turned as
  // the link's inertial frame.
  struct Link {
    btMatrix3x3 R_LP;  // at joint position zero
    btVector3 p_PL_P;
    btVector3 axis_L;
    int joint = -1;  // of the seven; -1: fixed
  };

  struct Kinematics {
    btMatrix3x3 R_BT;  // tcp in the robot's base inertial frame
    btVector3 p_BT;
    std::array<btVector3, 7> linear;  // columns of the Jacobian, in the base inertial frame
    std::array<btVector3, 7> angular;
  };

  Kinematics Compute(const ArmJoints& q) const;

  btTransform X_WB_;  // base inertial frame
  std::vector<Link> chain_;
  ArmJoints rest_{};
};

}  // namespace deerbench
