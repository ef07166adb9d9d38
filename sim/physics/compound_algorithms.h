// Contacts of compound shapes: which children meet which.
#pragma once

#include <BulletCollision/CollisionDispatch/btActivatingCollisionAlgorithm.h>
#include <BulletCollision/CollisionDispatch/btCompoundCollisionAlgorithm.h>

#include <vector>

#include "sim/physics/narrow_phase.h"

class btCompoundShape;

namespace deerbench {

// A compound against anything else: Bullet's algorithm, whose children can be saved.
class CompoundAlgorithm final : public btCompoundCollisionAlgorithm, public CompositeAlgorithm {
 public:
  // is_swapped: the compound is object 1.
  using btCompoundCollisionAlgorithm::btCompoundCollisionAlgorithm;

  void SaveChildren(ByteWriter& out, ManifoldVisitor& visitor) const override;
  void RestoreChildren(ByteReader& in, const btCollisionObjectWrapper& object0,
                       const btCollisionObjectWrapper& object1, ManifoldVisitor& visitor) override;
};

// Two compounds: pairs of children whose boxes overlap, found by descending both trees at once. Visits
// children in the order of btCompoundCompoundCollisionAlgorithm (bullet3 6c888f4), whose memory is private.
class CompoundCompoundAlgorithm final : public btActivatingCollisionAlgorithm, public CompositeAlgorithm {
 public:
  CompoundCompoundAlgorithm(const btCollisionAlgorithmConstructionInfo& info,
                            const btCollisionObjectWrapper* object0, const btCollisionObjectWrapper* object1,
                            bool is_swapped);
  ~CompoundCompoundAlgorithm() override;

  void processCollision(const btCollisionObjectWrapper* object0, const btCollisionObjectWrapper* object1,
                        const btDispatcherInfo& dispatch, btManifoldResult* result) override;
  btScalar calculateTimeOfImpact(btCollisionObject*, btCollisionObject*, const btDispatcherInfo&,
                                 btManifoldResult*) override {
    return 1;  // no continuous collision detection here
  }
  void getAllContactManifolds(btManifoldArray& manifolds) override;

  void SaveChildren(ByteWriter& out, ManifoldVisitor& visitor) const override;
  void RestoreChildren(ByteReader& in, const btCollisionObjectWrapper& object0,
                       const btCollisionObjectWrapper& object1, ManifoldVisitor& visitor) override;

 private:
  struct Pair {
    int child0 = 0, child1 = 0;
    btCollisionAlgorithm* algorithm = nullptr;  // owned, in the dispatcher's pool
  };

  void Refresh(btManifoldResult& result);
  void ProcessPair(int child0, int child1, const btCollisionObjectWrapper& object0,
                   const btCollisionObjectWrapper& object1, const btDispatcherInfo& dispatch,
                   btManifoldResult& result);
  void DropSeparated(const btCollisionObjectWrapper& object0, const btCollisionObjectWrapper& object1);
  void Free(btCollisionAlgorithm* algorithm);

  btPersistentManifold* shared_manifold_;
  std::vector<Pair> pairs_;
  btManifoldArray scratch_;
};

}  // namespace deerbench
