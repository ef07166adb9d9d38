// Which bodies are near enough to each other for their shapes to be compared.
#pragma once

#include <BulletCollision/BroadphaseCollision/btBroadphaseInterface.h>
#include <BulletCollision/BroadphaseCollision/btOverlappingPairCache.h>

#include <memory>
#include <vector>

#include "sim/physics/box_tree.h"

namespace deerbench {

// Bullet's btDbvtBroadphase (bullet3 6c888f4) as PyBullet sets it up, without its dependence on memory
// addresses (see BoxTree): the order in which pairs are found, kept and given up is the same. All bodies are
// active here, so that its second tree, for bodies that have come to rest, is left out.
class Broadphase final : public btBroadphaseInterface {
 public:
  Broadphase();
  ~Broadphase() override;

  btBroadphaseProxy* createProxy(const btVector3& aabb_min, const btVector3& aabb_max, int shape_type,
                                 void* collision_object, int group, int mask,
                                 btDispatcher* dispatcher) override;
  void destroyProxy(btBroadphaseProxy* proxy, btDispatcher* dispatcher) override;
  void setAabb(btBroadphaseProxy* proxy, const btVector3& aabb_min, const btVector3& aabb_max,
               btDispatcher* dispatcher) override;
  void getAabb(btBroadphaseProxy* proxy, btVector3& aabb_min, btVector3& aabb_max) const override;
  void calculateOverlappingPairs(btDispatcher* dispatcher) override;

  btOverlappingPairCache* getOverlappingPairCache() override { return &pairs_; }
  const btOverlappingPairCache* getOverlappingPairCache() const override { return &pairs_; }

  // Not needed for stepping: rays and queries find nothing.
  void rayTest(const btVector3&, const btVector3&, btBroadphaseRayCallback&, const btVector3&,
               const btVector3&) override {}
  void aabbTest(const btVector3&, const btVector3&, btBroadphaseAabbCallback&) override {}
  void getBroadphaseAabb(btVector3& aabb_min, btVector3& aabb_max) const override;
  void printStats() override {}

  btBroadphaseProxy& proxy(int index) { return *proxies_[static_cast<size_t>(index)]; }
  int proxy_count() const { return static_cast<int>(proxies_.size()); }

  // All but the pairs, which the caller keeps together with their algorithms. Restore throws Error where the
  // bytes are of another scene; so does CheckCleanUp, to be called once the pairs are back.
  void Save(ByteWriter& out) const;
  void Restore(ByteReader& in);
  void CheckCleanUp() const;

 private:
  struct Proxy : btBroadphaseProxy {
    using btBroadphaseProxy::btBroadphaseProxy;
    int leaf = -1;
  };

  // A pair is tried where either body's mask admits the other (PyBullet's default).
  struct Filter final : btOverlapFilterCallback {
    bool needBroadphaseCollision(btBroadphaseProxy* a, btBroadphaseProxy* b) const override {
      return (a->m_collisionFilterGroup & b->m_collisionFilterMask) != 0 ||
             (b->m_collisionFilterGroup & a->m_collisionFilterMask) != 0;
    }
  };

  void AddPairsOf(Proxy& proxy);
  bool StillOverlap(const btBroadphasePair& pair) const;

  Filter filter_;
  btHashedOverlappingPairCache pairs_;
  std::vector<std::unique_ptr<Proxy>> proxies_;  // index = unique id - 1
  BoxTree tree_;
  int found_ = 1;       // overlaps found since the last clean-up
  int clean_from_ = 0;  // where the next clean-up begins
  bool needs_cleaning_ = true;
};

}  // namespace deerbench
