// Plain geometry shared by all modules. Frames are in names: `X_WE` is the pose of frame E in W, `p_WB` a
// position of B in W, `q_WB` a rotation. Lengths are metres, angles radians, quaternions unit length in x, y,
// z, w order.
#pragma once

#include <array>
#include <cmath>

namespace deerbench {

struct Vec3 {
  double x = 0, y = 0, z = 0;
  friend bool operator==(const Vec3&, const Vec3&) = default;
};

inline Vec3 operator+(const Vec3& a, const Vec3& b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vec3 operator-(const Vec3& a, const Vec3& b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vec3 operator-(const Vec3& a) { return {-a.x, -a.y, -a.z}; }
inline Vec3 operator*(double s, const Vec3& a) { return {s * a.x, s * a.y, s * a.z}; }
inline Vec3 operator*(const Vec3& a, double s) { return s * a; }
inline double Dot(const Vec3& a, const Vec3& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec3 Cross(const Vec3& a, const Vec3& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline double Norm(const Vec3& a) { return std::sqrt(Dot(a, a)); }
inline Vec3 Normalized(const Vec3& a) { return (1.0 / Norm(a)) * a; }

struct Quat {
  double x = 0, y = 0, z = 0, w = 1;
  friend bool operator==(const Quat&, const Quat&) = default;
};

inline Quat Conjugate(const Quat& q) { return {-q.x, -q.y, -q.z, q.w}; }
inline Quat operator*(const Quat& a, const Quat& b) {
  return {a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y, a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
          a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w, a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z};
}
inline Vec3 Rotate(const Quat& q, const Vec3& v) {
  const Vec3 u{q.x, q.y, q.z};
  const Vec3 t = 2.0 * Cross(u, v);
  return v + q.w * t + Cross(u, t);
}

struct Pose {
  Vec3 p;
  Quat q;
  friend bool operator==(const Pose&, const Pose&) = default;
};

// X_AC = X_AB * X_BC.
inline Pose operator*(const Pose& a, const Pose& b) { return {a.p + Rotate(a.q, b.p), a.q * b.q}; }
inline Vec3 operator*(const Pose& a, const Vec3& p) { return a.p + Rotate(a.q, p); }
inline Pose Inverse(const Pose& a) {
  const Quat q = Conjugate(a.q);
  return {-Rotate(q, a.p), q};
}

// Row-major 3x3 rotation matrix of a unit quaternion.
std::array<double, 9> ToMatrix(const Quat& q);

// Extrinsic x-y-z (roll, pitch, yaw) Euler angles, the convention of URDF, PyBullet and CALVIN's
// observations.
Quat FromEuler(const Vec3& rpy_rad);
Vec3 ToEuler(const Quat& q);

}  // namespace deerbench
