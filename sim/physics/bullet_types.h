// Conversions between our plain geometry and Bullet's. Quaternions are x, y, z, w on both sides.
#pragma once

#include <LinearMath/btTransform.h>

#include "base/geometry.h"

namespace deerbench {

inline btVector3 ToBullet(const Vec3& v) { return {v.x, v.y, v.z}; }
inline btQuaternion ToBullet(const Quat& q) { return {q.x, q.y, q.z, q.w}; }
inline btTransform ToBullet(const Pose& X) { return btTransform(ToBullet(X.q), ToBullet(X.p)); }

inline Vec3 FromBullet(const btVector3& v) { return {v.x(), v.y(), v.z()}; }
inline Quat FromBullet(const btQuaternion& q) { return {q.x(), q.y(), q.z(), q.w()}; }
inline Pose FromBullet(const btTransform& X) {
  return {FromBullet(X.getOrigin()), FromBullet(X.getRotation())};
}

}  // namespace deerbench
