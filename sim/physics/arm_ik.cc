#include "sim/physics/arm_ik.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "base/error.h"
#include "sim/physics/bullet_types.h"
#include "sim/physics/svd6.h"

namespace deerbench {
namespace {

constexpr int kMaxSteps = 20;
constexpr double kEnoughDistance_m = 1e-4;
constexpr double kDampingSquared = 0.6 * 0.6;
constexpr double kMaxChange_rad = 45.0 * (std::numbers::pi / 180.0);
constexpr double kRestGain = 0.001;
constexpr double kLimitGain = 10.0, kLimit_rad = 7.0;  // CALVIN passes +-7 as limits and 7 as range

using Jacobian = std::array<std::array<double, 7>, 6>;  // rows: 3 of translation, 3 of rotation

// Rotation by `angle` about a unit axis, from the parent's frame to the rotated one.
btMatrix3x3 AxisAngle(const btVector3& axis, double angle) {
  const double c = std::cos(angle), s = -std::sin(angle), d = 1.0 - c;
  const double x = axis.x(), y = axis.y(), z = axis.z();
  return {x * x * d + c,     x * y * d - z * s, x * z * d + y * s,  //
          x * y * d + z * s, y * y * d + c,     y * z * d - x * s,  //
          x * z * d - y * s, y * z * d + x * s, z * z * d + c};
}

// Rotation vector of `to` relative to `from`. PyBullet keeps the angle in single precision.
btVector3 RotationError(const btQuaternion& to, const btQuaternion& from) {
  const btQuaternion delta = to * from.inverse();
  float angle = static_cast<float>(delta.getAngle());
  btVector3 axis = delta.getAxis();
  if (angle > std::numbers::pi)
    angle = static_cast<float>(angle - 2.0 * std::numbers::pi);
  else if (angle < -std::numbers::pi)
    angle = static_cast<float>(angle + 2.0 * std::numbers::pi);
  return static_cast<double>(angle) * axis.normalize();
}

// Solves a x = b by elimination with row pivoting, in the order of BussIK's MatrixRmn::Solve.
std::array<double, 6> Solve6(const Matrix6& a, const std::array<double, 6>& b) {
  using Row = std::array<double, 7>;
  std::array<Row, 6> rows;
  for (size_t r = 0; r < 6; ++r) {
    for (size_t c = 0; c < 6; ++c) rows[r][c] = a[c][r];
    rows[r][6] = b[r];
  }
  for (size_t i = 0; i + 1 < 6; ++i) {
    size_t pivot = i;
    for (size_t j = i + 1; j < 6; ++j)
      if (std::abs(rows[j][i]) > std::abs(rows[pivot][i])) pivot = j;
    if (pivot != i) std::swap(rows[i], rows[pivot]);
    for (size_t j = i + 1; j < 6; ++j) {
      const double factor = rows[j][i] / rows[i][i];
      for (size_t k = i + 1; k < 7; ++k) rows[j][k] -= rows[i][k] * factor;
    }
  }
  std::array<double, 6> x{};
  for (size_t i = 6; i-- > 0;) {
    double value = rows[i][6];
    for (size_t j = 6; j-- > i + 1;) value -= rows[i][j] * x[j];
    x[i] = value / rows[i][i];
  }
  return x;
}

// Part of `pull` that does not move the tcp: (1 - J^T U^-1 J) pull.
ArmJoints NullSpacePart(const Jacobian& J, const Matrix6& U, const ArmJoints& pull) {
  const Matrix6 inverse = InverseBySvd(U);
  ArmJoints part{};
  for (size_t j = 0; j < 7; ++j) {
    std::array<double, 6> row{};  // of J^T U^-1
    for (size_t c = 0; c < 6; ++c)
      for (size_t a = 0; a < 6; ++a) row[c] += J[a][j] * inverse[c][a];
    for (size_t k = 0; k < 7; ++k) {
      double sum = 0;
      for (size_t c = 0; c < 6; ++c) sum += row[c] * J[c][k];
      part[j] += ((j == k ? 1.0 : 0.0) - sum) * pull[k];
    }
  }
  return part;
}

}  // namespace

ArmIk::ArmIk(const BodyBlueprint& robot, const RobotRoles& roles)
    : X_WB_(robot.X_WB() * robot.link(-1).X_LI), rest_(roles.initial_joint_positions_rad) {
  std::vector<int> numbers;
  for (int number = roles.tcp_link; number >= 0; number = robot.link(number).parent)
    numbers.push_back(number);
  std::reverse(numbers.begin(), numbers.end());
  size_t joints = 0;
  for (const int number : numbers) {
    const LinkBlueprint& blueprint = robot.link(number);
    Link link;
    link.R_LP = btTransform(blueprint.rot_parent_to_this).getBasis();
    link.p_PL_P = blueprint.p_PiJ_Pi;
    if (blueprint.parent >= 0) link.p_PL_P += robot.link(blueprint.parent).p_JI_I;
    link.axis_L = blueprint.axis_I;
    if (blueprint.joint == JointDescription::Type::kRevolute) {
      if (joints >= roles.arm_links.size() || roles.arm_links[joints] != number)
        Fail(fmt::format("robot link {} moves the tcp but is not one of the seven arm links", number));
      link.joint = static_cast<int>(joints++);
    } else if (blueprint.joint != JointDescription::Type::kFixed) {
      Fail(fmt::format("robot link {} between base and tcp has a joint that is neither revolute nor fixed",
                       number));
    }
    chain_.push_back(link);
  }
  Require(joints == roles.arm_links.size(),
          fmt::format("robot has {} joints up to the tcp, expected 7", joints));
}

ArmIk::Kinematics ArmIk::Compute(const ArmJoints& q) const {
  // In the order of MultiBodyTreeImpl: all quantities are kept in the frame of the link last reached.
  Kinematics k;
  btMatrix3x3 R_LB = btMatrix3x3::getIdentity();
  btVector3 p_BL_L(0, 0, 0);
  for (size_t j = 0; j < 7; ++j) k.linear[j] = k.angular[j] = {0, 0, 0};
  size_t moved = 0;  // joints below the present link
  for (const Link& link : chain_) {
    const btMatrix3x3 R_LP =
        link.joint < 0 ? link.R_LP : AxisAngle(link.axis_L, q[static_cast<size_t>(link.joint)]) * link.R_LP;
    p_BL_L = R_LP * (p_BL_L + link.p_PL_P);
    R_LB = R_LP * R_LB;
    for (size_t j = 0; j < moved; ++j) {
      k.linear[j] = R_LP * (k.linear[j] - link.p_PL_P.cross(k.angular[j]));
      k.angular[j] = R_LP * k.angular[j];
    }
    if (link.joint >= 0) k.angular[moved++] = link.axis_L;
  }
  k.R_BT = R_LB.transpose();
  k.p_BT = k.R_BT * p_BL_L;
  for (size_t j = 0; j < 7; ++j) {
    k.linear[j] = k.R_BT * k.linear[j];
    k.angular[j] = k.R_BT * k.angular[j];
  }
  return k;
}

btTransform ArmIk::Forward(const ArmJoints& q) const {
  const Kinematics k = Compute(q);
  return X_WB_ * btTransform(k.R_BT, k.p_BT);
}

ArmJoints ArmIk::Solve(const btTransform& X_WTcp, const ArmJoints& start) const {
  const btTransform X_BTarget = X_WB_.inverse() * X_WTcp;
  const btQuaternion target_rotation = X_BTarget.getRotation();
  ArmJoints q = start;
  double distance = 1e30;
  for (int step = 0; step < kMaxSteps && distance > kEnoughDistance_m; ++step) {
    const Kinematics k = Compute(q);
    const btVector3 error = X_BTarget.getOrigin() - k.p_BT;
    distance = (k.p_BT - X_BTarget.getOrigin()).length();
    // PyBullet turns the matrix into a quaternion twice.
    btQuaternion rotation;
    k.R_BT.getRotation(rotation);
    const btVector3 turn = RotationError(target_rotation, btTransform(rotation).getRotation());

    Jacobian J;
    for (size_t j = 0; j < 7; ++j)
      for (int i = 0; i < 3; ++i) {
        J[static_cast<size_t>(i)][j] = k.linear[j][i];
        J[static_cast<size_t>(i) + 3][j] = k.angular[j][i];
      }
    ArmJoints pull;  // wished for in the null space, rad
    for (size_t j = 0; j < 7; ++j) {
      pull[j] = kRestGain * (rest_[j] - q[j]);
      if (q[j] > kLimit_rad) pull[j] += kLimitGain * (kLimit_rad - q[j]) / kLimit_rad;
      if (q[j] < -kLimit_rad) pull[j] += kLimitGain * (-kLimit_rad - q[j]) / kLimit_rad;
    }

    // change = J^T U^-1 error + (1 - J^T U^-1 J) pull, with U = J J^T + lambda^2
    Matrix6 U;
    std::array<double, 6> wanted;
    for (size_t c = 0; c < 6; ++c) {
      for (size_t r = 0; r < 6; ++r) {
        double sum = 0;
        for (size_t j = 0; j < 7; ++j) sum += J[r][j] * J[c][j];
        U[c][r] = r == c ? sum + kDampingSquared : sum;
      }
      wanted[c] = c < 3 ? error[static_cast<int>(c)] : turn[static_cast<int>(c) - 3];
    }
    const std::array<double, 6> x = Solve6(U, wanted);
    ArmJoints change = NullSpacePart(J, U, pull);
    double largest = 0;
    for (size_t j = 0; j < 7; ++j) {
      double towards = 0;
      for (size_t a = 0; a < 6; ++a) towards += x[a] * J[a][j];
      change[j] = towards + change[j];
      largest = std::max(largest, std::abs(change[j]));
    }
    const double scale = largest > kMaxChange_rad ? kMaxChange_rad / largest : 1;
    for (size_t j = 0; j < 7; ++j) q[j] = change[j] * scale + q[j];
  }
  return q;
}

}  // namespace deerbench
