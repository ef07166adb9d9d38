#include "sim/render/camera.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "fmt/format.h"

namespace deerbench {
namespace {

// Tangent by power series: the C library's last bit depends on the processor it finds. |x| < pi/2.
double Tangent(double x) {
  double sine = 0, cosine = 0, term = 1;
  for (int n = 0; n < 30; ++n) {
    const double sign = n % 4 < 2 ? 1 : -1;
    (n % 2 == 0 ? cosine : sine) += sign * term;
    term = term * x / (n + 1);
  }
  return sine / cosine;
}

bool IsFinite(const Pose& pose) {
  return std::isfinite(pose.p.x + pose.p.y + pose.p.z + pose.q.x + pose.q.y + pose.q.z + pose.q.w);
}

// Quaternion of the matrix with columns x, y, z (Shepperd's method: divide by the largest component).
Quat RotationOfAxes(const Vec3& x, const Vec3& y, const Vec3& z) {
  const double trace = x.x + y.y + z.z;
  Quat q;
  if (trace > 0) {
    const double s = 2 * std::sqrt(1 + trace);
    q = {(y.z - z.y) / s, (z.x - x.z) / s, (x.y - y.x) / s, s / 4};
  } else if (x.x > y.y && x.x > z.z) {
    const double s = 2 * std::sqrt(1 + x.x - y.y - z.z);
    q = {s / 4, (y.x + x.y) / s, (z.x + x.z) / s, (y.z - z.y) / s};
  } else if (y.y > z.z) {
    const double s = 2 * std::sqrt(1 + y.y - x.x - z.z);
    q = {(y.x + x.y) / s, s / 4, (z.y + y.z) / s, (z.x - x.z) / s};
  } else {
    const double s = 2 * std::sqrt(1 + z.z - x.x - y.y);
    q = {(z.x + x.z) / s, (z.y + y.z) / s, s / 4, (x.y - y.x) / s};
  }
  return q;
}

}  // namespace

void Camera::Validate() const {
  if (width < 1 || width > 16384 || height < 1 || height > 16384)
    Fail(fmt::format("camera size: {} x {}, expected 1..16384 pixels each way", width, height));
  if (!(fov_y_deg >= 0.01 && fov_y_deg <= 175))
    Fail(fmt::format("camera fov_y_deg: {}, expected 0.01..175", fov_y_deg));
  if (!(near_m >= 1e-4 && far_m > near_m && far_m <= 1e6))
    Fail(fmt::format("camera near_m, far_m: {}, {}, expected 1e-4 <= near < far <= 1e6", near_m, far_m));
  if (!IsFinite(X_WC)) Fail("camera X_WC: not finite, expected a pose");
}

std::array<double, 9> Intrinsics(const Camera& camera) {
  const double f = camera.height / 2.0 / Tangent(camera.fov_y_deg * (std::numbers::pi / 360));
  return {f, 0, camera.width / 2.0, 0, f, camera.height / 2.0, 0, 0, 1};
}

Pose LookAt(const Vec3& eye, const Vec3& target, const Vec3& up) {
  const Vec3 z = Normalized(target - eye);
  const Vec3 x = Normalized(Cross(z, up));
  return {eye, RotationOfAxes(x, Cross(z, x), z)};
}

Pose PoseOfMatrix(const std::array<double, 16>& m) {
  const Vec3 x{m[0], m[4], m[8]}, y{m[1], m[5], m[9]}, z{m[2], m[6], m[10]};
  const double error = std::max({std::abs(Norm(x) - 1), std::abs(Norm(y) - 1), Norm(Cross(x, y) - z)});
  if (!(error <= 1e-5))
    Fail(fmt::format("camera X_WC: axes {:.2g} off a rotation, expected a rotation", error));
  if (m[12] != 0 || m[13] != 0 || m[14] != 0 || m[15] != 1)
    Fail(
        fmt::format("camera X_WC: last row {}, {}, {}, {}, expected 0, 0, 0, 1", m[12], m[13], m[14], m[15]));
  const Quat q = RotationOfAxes(x, y, z);
  const double scale = 1 / std::sqrt(q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w);
  return {{m[3], m[7], m[11]}, {scale * q.x, scale * q.y, scale * q.z, scale * q.w}};
}

}  // namespace deerbench
