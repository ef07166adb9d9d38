#include "sim/scene/primitive_mesh.h"

#include <cmath>
#include <numbers>

#include "base/geometry.h"
#include "sim/scene/mesh_builder.h"

namespace deerbench {
namespace {

constexpr int kSegments = 32;  // around; PyBullet's cylinders have 32 too
constexpr int kRings = 8;      // from pole to equator

Float3 ToFloat(const Vec3& v) {
  return {static_cast<float>(v.x), static_cast<float>(v.y), static_cast<float>(v.z)};
}

Vec3 OnCircle(double radius, int segment, double z) {
  const double angle = 2 * std::numbers::pi * (segment % kSegments) / kSegments;
  return {radius * std::cos(angle), radius * std::sin(angle), z};
}

struct Point {
  Vec3 p, normal;
  Float2 uv{};
};

void AddTriangle(MeshBuilder& builder, const Point& a, const Point& b, const Point& c) {
  builder.AddTriangle({{{ToFloat(a.p), ToFloat(a.normal), a.uv},
                        {ToFloat(b.p), ToFloat(b.normal), b.uv},
                        {ToFloat(c.p), ToFloat(c.normal), c.uv}}});
}

// Corners counter-clockwise seen from outside.
void AddQuad(MeshBuilder& builder, const Point& a, const Point& b, const Point& c, const Point& d) {
  AddTriangle(builder, a, b, c);
  AddTriangle(builder, a, c, d);
}

// A body of revolution through rings of equal segment count; ring radii may be 0 at the poles.
struct Ring {
  double radius, z;                // of the surface
  double normal_radius, normal_z;  // of its normal
};
void AddBand(MeshBuilder& builder, const Ring& lower, const Ring& upper) {
  for (int s = 0; s < kSegments; ++s) {
    const auto at = [&](const Ring& ring, int segment) {
      return Point{OnCircle(ring.radius, segment, ring.z),
                   OnCircle(ring.normal_radius, segment, ring.normal_z)};
    };
    AddQuad(builder, at(lower, s), at(lower, s + 1), at(upper, s + 1), at(upper, s));
  }
}

// Half a sphere around (0, 0, centre_z); `sign` +1 for the upper one.
void AddHemisphere(MeshBuilder& builder, double radius, double centre_z, int sign) {
  const auto ring = [&](int k) {
    const double angle = k == kRings ? std::numbers::pi / 2 : k * std::numbers::pi / 2 / kRings;
    const double c = k == kRings ? 0 : std::cos(angle), s = std::sin(angle) * sign;
    return Ring{radius * c, centre_z + radius * s, c, s};
  };
  for (int k = 0; k < kRings; ++k) {
    if (sign > 0) AddBand(builder, ring(k), ring(k + 1));
    if (sign < 0) AddBand(builder, ring(k + 1), ring(k));
  }
}

}  // namespace

TriangleMesh BoxMesh(double size_x, double size_y, double size_z, PrimitiveShading shading) {
  MeshBuilder builder("box");
  const Vec3 half{size_x / 2, size_y / 2, size_z / 2};
  const Vec3 axes[3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  for (int axis = 0; axis < 3; ++axis) {
    for (const double side : {-1.0, 1.0}) {
      const Vec3 n = side * axes[axis];
      const Vec3 u = axes[(axis + 1) % 3], v = side * axes[(axis + 2) % 3];  // u x v = n
      const auto corner = [&](double a, double b) {
        const Vec3 unit = n + a * u + b * v;
        const Vec3 p{unit.x * half.x, unit.y * half.y, unit.z * half.z};
        return Point{p,
                     shading == PrimitiveShading::kFlat ? n : p,
                     {static_cast<float>((a + 1) / 2), static_cast<float>((b + 1) / 2)}};
      };
      AddQuad(builder, corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1));
    }
  }
  return builder.Finish(true);
}

TriangleMesh CylinderMesh(double radius, double length, PrimitiveShading shading) {
  MeshBuilder builder("cylinder");
  const bool flat = shading == PrimitiveShading::kFlat;
  const double h = length / 2;
  AddBand(builder, {radius, -h, flat ? 1 : radius, flat ? 0 : -h},
          {radius, h, flat ? 1 : radius, flat ? 0 : h});
  for (const double side : {-1.0, 1.0}) {
    const auto rim = [&](int segment) {
      const Vec3 p = OnCircle(radius, segment, side * h);
      return Point{p, flat ? Vec3{0, 0, side} : p};
    };
    for (int s = 1; s + 1 < kSegments; ++s) {
      if (side > 0) AddTriangle(builder, rim(0), rim(s), rim(s + 1));
      if (side < 0) AddTriangle(builder, rim(0), rim(s + 1), rim(s));
    }
  }
  return builder.Finish(false);
}

TriangleMesh CapsuleMesh(double radius, double length) {
  MeshBuilder builder("capsule");
  AddBand(builder, {radius, -length / 2, 1, 0}, {radius, length / 2, 1, 0});
  AddHemisphere(builder, radius, length / 2, 1);
  AddHemisphere(builder, radius, -length / 2, -1);
  return builder.Finish(false);
}

TriangleMesh SphereMesh(double radius) {
  MeshBuilder builder("sphere");
  AddHemisphere(builder, radius, 0, 1);
  AddHemisphere(builder, radius, 0, -1);
  return builder.Finish(false);
}

}  // namespace deerbench
