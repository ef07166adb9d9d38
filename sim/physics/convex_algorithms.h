// Contacts of convex shapes with each other and with triangle meshes.
#pragma once

#include <BulletCollision/CollisionDispatch/btActivatingCollisionAlgorithm.h>
#include <BulletCollision/CollisionDispatch/btConvexConvexAlgorithm.h>

namespace deerbench {

// Bullet's algorithm, with the manifold made at construction rather than at first use, so that there is a
// place to restore saved contacts to.
class ConvexConvexAlgorithm final : public btConvexConvexAlgorithm {
 public:
  ConvexConvexAlgorithm(const btCollisionAlgorithmConstructionInfo& info,
                        const btCollisionObjectWrapper* object0, const btCollisionObjectWrapper* object1,
                        btConvexPenetrationDepthSolver* penetration);
  ~ConvexConvexAlgorithm() override;

  void processCollision(const btCollisionObjectWrapper* object0, const btCollisionObjectWrapper* object1,
                        const btDispatcherInfo& dispatch, btManifoldResult* result) override;
  void getAllContactManifolds(btManifoldArray& manifolds) override;

 private:
  btPersistentManifold* own_manifold_;  // null where the caller lent one
};

// Each triangle near the convex shape is tried; all contacts go to one manifold.
class ConvexConcaveAlgorithm final : public btActivatingCollisionAlgorithm {
 public:
  ConvexConcaveAlgorithm(const btCollisionAlgorithmConstructionInfo& info,
                         const btCollisionObjectWrapper* object0, const btCollisionObjectWrapper* object1,
                         bool is_swapped);
  ~ConvexConcaveAlgorithm() override;

  void processCollision(const btCollisionObjectWrapper* object0, const btCollisionObjectWrapper* object1,
                        const btDispatcherInfo& dispatch, btManifoldResult* result) override;
  btScalar calculateTimeOfImpact(btCollisionObject*, btCollisionObject*, const btDispatcherInfo&,
                                 btManifoldResult*) override {
    return 1;  // no continuous collision detection here
  }
  void getAllContactManifolds(btManifoldArray& manifolds) override;

 private:
  bool is_swapped_;  // the mesh is object 0
  btPersistentManifold* manifold_;
};

}  // namespace deerbench
