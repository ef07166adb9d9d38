#include "sim/physics/link_shape.h"

#include <btBulletCollisionCommon.h>

#include <utility>

#include "base/error.h"
#include "sim/physics/bullet_types.h"

namespace deerbench {
namespace {

constexpr double kMargin_m = 0.001;  // gUrdfDefaultCollisionMargin

std::unique_ptr<btConvexHullShape> MakeHull(const std::vector<Vec3>& points) {
  auto hull = std::make_unique<btConvexHullShape>();
  hull->setMargin(kMargin_m);
  for (const Vec3& p : points) hull->addPoint(ToBullet(p), /*recalculateLocalAabb=*/false);
  hull->recalcLocalAabb();
  hull->optimizeConvexHull();
  return hull;
}

// STL files go through the other constructor, which computes the box before the hull is reduced.
std::unique_ptr<btConvexHullShape> MakeLoneHull(const std::vector<Vec3>& points) {
  std::vector<btVector3> converted;
  converted.reserve(points.size());
  for (const Vec3& p : points) converted.push_back(ToBullet(p));
  auto hull = std::make_unique<btConvexHullShape>(&converted[0].getX(), static_cast<int>(converted.size()),
                                                  static_cast<int>(sizeof(btVector3)));
  hull->optimizeConvexHull();
  hull->setMargin(kMargin_m);
  hull->recalcLocalAabb();
  return hull;
}

// PyBullet makes cylinders hulls of 32 steps, with angles in single precision.
std::unique_ptr<btConvexHullShape> MakeCylinder(double radius, double length) {
  constexpr int kSteps = 32;
  std::vector<btVector3> points;
  for (int i = 0; i < kSteps; ++i) {
    const double angle = SIMD_2_PI * static_cast<double>(static_cast<float>(i) / kSteps);
    const double x = radius * btSin(angle), y = radius * btCos(angle);
    points.emplace_back(x, y, 0.5 * length);
    points.emplace_back(x, y, -0.5 * length);
  }
  auto hull = std::make_unique<btConvexHullShape>(&points[0].getX(), static_cast<int>(points.size()),
                                                  static_cast<int>(sizeof(btVector3)));
  hull->setMargin(kMargin_m);
  hull->recalcLocalAabb();
  hull->optimizeConvexHull();
  return hull;
}

}  // namespace

template <typename Shape>
Shape* LinkShape::Own(std::unique_ptr<Shape> shape) {
  Shape* raw = shape.get();
  owned_.push_back(std::move(shape));
  return raw;
}

btCollisionShape* LinkShape::Make(const CollisionShape& description) {
  using Kind = CollisionShape::Kind;
  switch (description.kind) {
    case Kind::kBox: {
      btBoxShape* box = Own(std::make_unique<btBoxShape>(ToBullet(description.half_extents)));
      box->setMargin(kMargin_m);
      return box;
    }
    case Kind::kSphere: {
      btSphereShape* sphere = Own(std::make_unique<btSphereShape>(description.radius));
      sphere->setMargin(kMargin_m);
      return sphere;
    }
    case Kind::kCapsule: {
      btCapsuleShape* capsule =
          Own(std::make_unique<btCapsuleShapeZ>(description.radius, description.length));
      capsule->setMargin(kMargin_m);
      return capsule;
    }
    case Kind::kCylinder:
      return Own(MakeCylinder(description.radius, description.length));
    case Kind::kConvexHulls: {
      for (const auto& points : description.hulls)
        Require(!points.empty(), "collision hull has no points, expected at least one");
      if (description.lone_hull) {
        Require(description.hulls.size() == 1, "lone collision hull must have exactly one piece");
        return Own(MakeLoneHull(description.hulls[0]));
      }
      btCompoundShape* pieces = Own(std::make_unique<btCompoundShape>());
      pieces->setMargin(kMargin_m);
      for (const auto& points : description.hulls)
        pieces->addChildShape(btTransform::getIdentity(), Own(MakeHull(points)));
      return pieces;
    }
    case Kind::kConcaveMesh: {
      Require(!description.triangles.empty(), "concave collision mesh has no triangles");
      auto mesh = std::make_unique<btTriangleMesh>();
      for (const auto& [a, b, c] : description.triangles)
        mesh->addTriangle(ToBullet(a), ToBullet(b), ToBullet(c));
      meshes_.push_back(std::move(mesh));
      return Own(std::make_unique<btBvhTriangleMeshShape>(
          meshes_.back().get(), /*useQuantizedAabbCompression=*/true, /*buildBvh=*/true));
    }
  }
  Fail("unknown kind of collision shape");
}

LinkShape::LinkShape(const LinkDescription& link) {
  btCompoundShape* compound = Own(std::make_unique<btCompoundShape>());
  compound->setMargin(kMargin_m);
  const btTransform X_IL = ToBullet(link.X_LI).inverse();
  for (const CollisionShape& collision : link.collisions)
    compound->addChildShape(X_IL * ToBullet(collision.X_LC), Make(collision));
  shape_ = compound;
  if (compound->getNumChildShapes() == 1 && compound->getChildTransform(0) == btTransform::getIdentity())
    shape_ = compound->getChildShape(0);
}

LinkShape::~LinkShape() = default;
LinkShape::LinkShape(LinkShape&&) noexcept = default;
LinkShape& LinkShape::operator=(LinkShape&&) noexcept = default;

btVector3 LinkShape::Inertia(double mass_kg) const {
  btVector3 inertia(0, 0, 0);
  if (mass_kg > 0) shape_->calculateLocalInertia(mass_kg, inertia);
  return inertia;
}

}  // namespace deerbench
