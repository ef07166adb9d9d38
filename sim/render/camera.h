// Pinhole cameras.
#pragma once

#include <array>

#include "base/geometry.h"

namespace deerbench {

// Camera frame C: x right, y down, z forward along the optical axis (OpenCV). Pixel (0, 0) is the top left
// one and its centre lies at (0.5, 0.5).
struct Camera {
  int width = 200;
  int height = 200;
  double fov_y_deg = 10;  // full vertical angle; pixels are square
  double near_m = 0.01;
  double far_m = 10;
  Pose X_WC;

  void Validate() const;  // throws Error naming field, value and what was expected
};

// Row-major 3x3 intrinsic matrix in pixels.
std::array<double, 9> Intrinsics(const Camera& camera);

// Pose of a camera at `eye` that looks at `target`; `up` need not be perpendicular to the view direction, but
// not parallel to it either.
Pose LookAt(const Vec3& eye, const Vec3& target, const Vec3& up);

// The pose of a row-major 4x4 matrix. Throws Error unless it is a rotation (to 1e-5) and a translation.
Pose PoseOfMatrix(const std::array<double, 16>& X_WC);

}  // namespace deerbench
