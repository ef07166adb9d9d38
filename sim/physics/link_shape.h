// Collision shape of one link as Bullet wants it.
#pragma once

#include <LinearMath/btTransform.h>

#include <memory>
#include <vector>

#include "sim/scene/description.h"

class btCollisionShape;
class btStridingMeshInterface;

namespace deerbench {

// Shapes are built once and shared by all worlds: nothing in them changes after construction.
//
// Structure, margins and vertex order are those of PyBullet's URDF importer (BulletUrdfImporter.cpp,
// URDF2Bullet.cpp of bullet3 6c888f4), because both the link's inertia and the contacts depend on them: each
// shape sits in a compound at its pose in the inertial frame, the pieces of an OBJ file in a compound of
// their own, and a compound of one shape without offset is replaced by the shape.
class LinkShape {
 public:
  explicit LinkShape(const LinkDescription& link);
  ~LinkShape();
  LinkShape(LinkShape&&) noexcept;
  LinkShape& operator=(LinkShape&&) noexcept;

  btCollisionShape* shape() const { return shape_; }

  // Principal moments of the shape's box for a link of `mass_kg`: what PyBullet uses in place of the file's.
  btVector3 Inertia(double mass_kg) const;

 private:
  btCollisionShape* Make(const CollisionShape& description);
  template <typename Shape>
  Shape* Own(std::unique_ptr<Shape> shape);

  std::vector<std::unique_ptr<btStridingMeshInterface>> meshes_;
  std::vector<std::unique_ptr<btCollisionShape>> owned_;
  btCollisionShape* shape_ = nullptr;
};

}  // namespace deerbench
