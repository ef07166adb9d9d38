#include "base/geometry.h"

#include <catch2/catch.hpp>

namespace deerbench {
namespace {

TEST_CASE("Euler angles survive the way through a quaternion") {
  for (const Vec3 rpy : {Vec3{0.1, -0.2, 0.3}, Vec3{-3.0, 1.2, 2.5}, Vec3{3.09, -0.03, 1.5}}) {
    const Vec3 back = ToEuler(FromEuler(rpy));
    CHECK(back.x == Approx(rpy.x).margin(1e-12));
    CHECK(back.y == Approx(rpy.y).margin(1e-12));
    CHECK(back.z == Approx(rpy.z).margin(1e-12));
  }
}

TEST_CASE("Yaw turns x towards y, as URDF's rpy does") {
  const Vec3 v = Rotate(FromEuler({0, 0, 0.5}), {1, 0, 0});
  CHECK(v.x == Approx(std::cos(0.5)));
  CHECK(v.y == Approx(std::sin(0.5)));
}

TEST_CASE("A pose times its inverse is the identity") {
  const Pose a{{1, 2, 3}, FromEuler({0.4, 0.5, -0.6})};
  const Pose id = a * Inverse(a);
  CHECK(Norm(id.p) < 1e-12);
  CHECK(std::abs(id.q.w) == Approx(1));
}

TEST_CASE("The matrix of a quaternion rotates as the quaternion does") {
  const Quat q = FromEuler({0.7, -0.1, 2.0});
  const std::array<double, 9> m = ToMatrix(q);
  const Vec3 v = Rotate(q, {0.2, 0.3, -0.4});
  CHECK(m[0] * 0.2 + m[1] * 0.3 - m[2] * 0.4 == Approx(v.x));
  CHECK(m[3] * 0.2 + m[4] * 0.3 - m[5] * 0.4 == Approx(v.y));
  CHECK(m[6] * 0.2 + m[7] * 0.3 - m[8] * 0.4 == Approx(v.z));
}

}  // namespace
}  // namespace deerbench
