// Which algorithm finds the contacts of which pair of shapes.
#pragma once

#include <BulletCollision/BroadphaseCollision/btCollisionAlgorithm.h>
#include <BulletCollision/CollisionDispatch/btDefaultCollisionConfiguration.h>

#include <array>
#include <memory>

struct btCollisionObjectWrapper;

namespace deerbench {

class ByteReader;
class ByteWriter;

// Called for each contact manifold of an algorithm, in an order that depends on its saved structure alone.
class ManifoldVisitor {
 public:
  virtual ~ManifoldVisitor() = default;
  virtual void Visit(btPersistentManifold& manifold) = 0;
};

// An algorithm that makes and drops child algorithms as boxes begin and cease to overlap. Which ones exist,
// and in which order, depends on the past and decides about the last bits of the future.
class CompositeAlgorithm {
 public:
  virtual ~CompositeAlgorithm() = default;
  virtual void SaveChildren(ByteWriter& out, ManifoldVisitor& visitor) const = 0;
  // Of an algorithm just created for the same two shapes. Throws Error where the bytes do not fit them.
  virtual void RestoreChildren(ByteReader& in, const btCollisionObjectWrapper& object0,
                               const btCollisionObjectWrapper& object1, ManifoldVisitor& visitor) = 0;
};

// Any algorithm of NarrowPhase: structure to and from bytes, manifolds to the visitor.
void SaveAlgorithm(btCollisionAlgorithm& algorithm, ByteWriter& out, ManifoldVisitor& visitor);
void RestoreAlgorithm(btCollisionAlgorithm& algorithm, ByteReader& in,
                      const btCollisionObjectWrapper& object0, const btCollisionObjectWrapper& object1,
                      ManifoldVisitor& visitor);

// Bullet's algorithms with these differences: convex against triangle mesh has no early-out (as in the Bullet
// inside PyBullet 3.2.7: it was switched off after release 3.24 and changes trajectories), and what composite
// algorithms remember can be saved.
class NarrowPhase final : public btDefaultCollisionConfiguration {
 public:
  NarrowPhase();
  ~NarrowPhase() override;

  btCollisionAlgorithmCreateFunc* getCollisionAlgorithmCreateFunc(int type0, int type1) override;

 private:
  enum {
    kConvexConvex,
    kConvexConcave,
    kConcaveConvex,
    kCompoundCompound,
    kCompound,
    kOtherCompound,
    kCount
  };
  std::array<std::unique_ptr<btCollisionAlgorithmCreateFunc>, kCount> create_;
};

}  // namespace deerbench
