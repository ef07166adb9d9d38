#include "base/geometry.h"

#include <numbers>

namespace deerbench {

std::array<double, 9> ToMatrix(const Quat& q) {
  const double xx = q.x * q.x, yy = q.y * q.y, zz = q.z * q.z;
  const double xy = q.x * q.y, xz = q.x * q.z, yz = q.y * q.z;
  const double wx = q.w * q.x, wy = q.w * q.y, wz = q.w * q.z;
  return {1 - 2 * (yy + zz), 2 * (xy - wz),     2 * (xz + wy),  //
          2 * (xy + wz),     1 - 2 * (xx + zz), 2 * (yz - wx),  //
          2 * (xz - wy),     2 * (yz + wx),     1 - 2 * (xx + yy)};
}

Quat FromEuler(const Vec3& rpy_rad) {
  const double cr = std::cos(rpy_rad.x / 2), sr = std::sin(rpy_rad.x / 2);
  const double cp = std::cos(rpy_rad.y / 2), sp = std::sin(rpy_rad.y / 2);
  const double cy = std::cos(rpy_rad.z / 2), sy = std::sin(rpy_rad.z / 2);
  return {sr * cp * cy - cr * sp * sy, cr * sp * cy + sr * cp * sy, cr * cp * sy - sr * sp * cy,
          cr * cp * cy + sr * sp * sy};
}

Vec3 ToEuler(const Quat& q) {
  const double sin_pitch = -2.0 * (q.x * q.z - q.w * q.y);
  if (sin_pitch <= -0.99999) return {0, -std::numbers::pi / 2, 2 * std::atan2(q.x, -q.y)};
  if (sin_pitch >= 0.99999) return {0, std::numbers::pi / 2, 2 * std::atan2(-q.x, q.y)};
  const double xx = q.x * q.x, yy = q.y * q.y, zz = q.z * q.z, ww = q.w * q.w;
  return {std::atan2(2 * (q.y * q.z + q.w * q.x), ww - xx - yy + zz), std::asin(sin_pitch),
          std::atan2(2 * (q.x * q.y + q.w * q.z), ww + xx - yy - zz)};
}

}  // namespace deerbench
