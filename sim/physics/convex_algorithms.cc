#include "sim/physics/convex_algorithms.h"

#include <BulletCollision/CollisionDispatch/btCollisionDispatcher.h>
#include <BulletCollision/CollisionDispatch/btCollisionObject.h>
#include <BulletCollision/CollisionDispatch/btCollisionObjectWrapper.h>
#include <BulletCollision/CollisionDispatch/btManifoldResult.h>
#include <BulletCollision/CollisionShapes/btConcaveShape.h>
#include <BulletCollision/CollisionShapes/btTriangleShape.h>
#include <LinearMath/btAabbUtil2.h>

namespace deerbench {
namespace {

class TriangleTester final : public btTriangleCallback {
 public:
  TriangleTester(btDispatcher& dispatcher, btPersistentManifold& manifold, const btDispatcherInfo& dispatch,
                 const btCollisionObjectWrapper& convex, const btCollisionObjectWrapper& mesh,
                 btScalar mesh_margin, btManifoldResult& result)
      : dispatcher_(dispatcher),
        manifold_(manifold),
        dispatch_(dispatch),
        convex_(convex),
        mesh_(mesh),
        mesh_margin_(mesh_margin),
        result_(result) {
    const btTransform convex_in_mesh = mesh.getWorldTransform().inverse() * convex.getWorldTransform();
    convex.getCollisionShape()->getAabb(convex_in_mesh, aabb_min_, aabb_max_);
    const btVector3 extra(mesh_margin, mesh_margin, mesh_margin);
    aabb_max_ += extra;
    aabb_min_ -= extra;
  }

  const btVector3& aabb_min() const { return aabb_min_; }
  const btVector3& aabb_max() const { return aabb_max_; }

  void processTriangle(btVector3* corners, int part, int index) override {
    if (!TestTriangleAgainstAabb2(corners, aabb_min_, aabb_max_)) return;
    btTriangleShape triangle(corners[0], corners[1], corners[2]);
    triangle.setMargin(mesh_margin_);
    const btCollisionObjectWrapper wrapped(&mesh_, &triangle, mesh_.getCollisionObject(),
                                           mesh_.getWorldTransform(), part, index);
    btCollisionAlgorithm* algorithm =
        dispatcher_.findAlgorithm(&convex_, &wrapped, &manifold_, BT_CONTACT_POINT_ALGORITHMS);

    const bool mesh_is_first = result_.getBody0Internal() == mesh_.getCollisionObject();
    const btCollisionObjectWrapper* outer = mesh_is_first ? result_.getBody0Wrap() : result_.getBody1Wrap();
    if (mesh_is_first) {
      result_.setBody0Wrap(&wrapped);
      result_.setShapeIdentifiersA(part, index);
    } else {
      result_.setBody1Wrap(&wrapped);
      result_.setShapeIdentifiersB(part, index);
    }
    algorithm->processCollision(&convex_, &wrapped, dispatch_, &result_);
    if (mesh_is_first)
      result_.setBody0Wrap(outer);
    else
      result_.setBody1Wrap(outer);

    algorithm->~btCollisionAlgorithm();
    dispatcher_.freeCollisionAlgorithm(algorithm);
  }

 private:
  btDispatcher& dispatcher_;
  btPersistentManifold& manifold_;
  const btDispatcherInfo& dispatch_;
  const btCollisionObjectWrapper& convex_;
  const btCollisionObjectWrapper& mesh_;
  btScalar mesh_margin_;
  btManifoldResult& result_;
  btVector3 aabb_min_, aabb_max_;  // of the convex shape, in the mesh's frame
};

btPersistentManifold* NewManifold(btDispatcher& dispatcher, const btCollisionObjectWrapper* object0,
                                  const btCollisionObjectWrapper* object1) {
  return dispatcher.getNewManifold(object0->getCollisionObject(), object1->getCollisionObject());
}

}  // namespace

ConvexConvexAlgorithm::ConvexConvexAlgorithm(const btCollisionAlgorithmConstructionInfo& info,
                                             const btCollisionObjectWrapper* object0,
                                             const btCollisionObjectWrapper* object1,
                                             btConvexPenetrationDepthSolver* penetration)
    : btConvexConvexAlgorithm(
          info.m_manifold ? info.m_manifold : NewManifold(*info.m_dispatcher1, object0, object1), info,
          object0, object1, penetration, /*numPerturbationIterations=*/0,
          /*minimumPointsPerturbationThreshold=*/0),
      own_manifold_(info.m_manifold ? nullptr : const_cast<btPersistentManifold*>(getManifold())) {}

ConvexConvexAlgorithm::~ConvexConvexAlgorithm() {
  if (own_manifold_) m_dispatcher->releaseManifold(own_manifold_);
}

void ConvexConvexAlgorithm::processCollision(const btCollisionObjectWrapper* object0,
                                             const btCollisionObjectWrapper* object1,
                                             const btDispatcherInfo& dispatch, btManifoldResult* result) {
  btConvexConvexAlgorithm::processCollision(object0, object1, dispatch, result);
  // Bullet does so at the end of a manifold it made itself.
  if (own_manifold_) result->refreshContactPoints();
}

void ConvexConvexAlgorithm::getAllContactManifolds(btManifoldArray& manifolds) {
  if (own_manifold_) manifolds.push_back(own_manifold_);
}

ConvexConcaveAlgorithm::ConvexConcaveAlgorithm(const btCollisionAlgorithmConstructionInfo& info,
                                               const btCollisionObjectWrapper* object0,
                                               const btCollisionObjectWrapper* object1, bool is_swapped)
    : btActivatingCollisionAlgorithm(info, object0, object1),
      is_swapped_(is_swapped),
      manifold_(is_swapped ? NewManifold(*info.m_dispatcher1, object1, object0)
                           : NewManifold(*info.m_dispatcher1, object0, object1)) {}

ConvexConcaveAlgorithm::~ConvexConcaveAlgorithm() { m_dispatcher->releaseManifold(manifold_); }

void ConvexConcaveAlgorithm::processCollision(const btCollisionObjectWrapper* object0,
                                              const btCollisionObjectWrapper* object1,
                                              const btDispatcherInfo& dispatch, btManifoldResult* result) {
  const btCollisionObjectWrapper& convex = is_swapped_ ? *object1 : *object0;
  const btCollisionObjectWrapper& mesh = is_swapped_ ? *object0 : *object1;
  const auto& shape = static_cast<const btConcaveShape&>(*mesh.getCollisionShape());
  result->setPersistentManifold(manifold_);
  TriangleTester tester(*m_dispatcher, *manifold_, dispatch, convex, mesh, shape.getMargin(), *result);
  manifold_->setBodies(convex.getCollisionObject(), mesh.getCollisionObject());
  shape.processAllTriangles(&tester, tester.aabb_min(), tester.aabb_max());
  result->refreshContactPoints();
}

void ConvexConcaveAlgorithm::getAllContactManifolds(btManifoldArray& manifolds) {
  manifolds.push_back(manifold_);
}

}  // namespace deerbench
