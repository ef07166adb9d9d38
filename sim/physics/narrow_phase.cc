#include "sim/physics/narrow_phase.h"

#include <BulletCollision/BroadphaseCollision/btDispatcher.h>
#include <BulletCollision/CollisionDispatch/btCollisionObjectWrapper.h>

#include <algorithm>

#include "base/error.h"
#include "sim/physics/byte_stream.h"
#include "sim/physics/compound_algorithms.h"
#include "sim/physics/convex_algorithms.h"

namespace deerbench {
namespace {

template <typename Algorithm, bool kSwapped = false>
class Create final : public btCollisionAlgorithmCreateFunc {
 public:
  btCollisionAlgorithm* CreateCollisionAlgorithm(btCollisionAlgorithmConstructionInfo& info,
                                                 const btCollisionObjectWrapper* object0,
                                                 const btCollisionObjectWrapper* object1) override {
    void* memory = info.m_dispatcher1->allocateCollisionAlgorithm(static_cast<int>(sizeof(Algorithm)));
    return new (memory) Algorithm(info, object0, object1, kSwapped);
  }
};

class CreateConvexConvex final : public btCollisionAlgorithmCreateFunc {
 public:
  explicit CreateConvexConvex(btConvexPenetrationDepthSolver* penetration) : penetration_(penetration) {}
  btCollisionAlgorithm* CreateCollisionAlgorithm(btCollisionAlgorithmConstructionInfo& info,
                                                 const btCollisionObjectWrapper* object0,
                                                 const btCollisionObjectWrapper* object1) override {
    void* memory =
        info.m_dispatcher1->allocateCollisionAlgorithm(static_cast<int>(sizeof(ConvexConvexAlgorithm)));
    return new (memory) ConvexConvexAlgorithm(info, object0, object1, penetration_);
  }

 private:
  btConvexPenetrationDepthSolver* penetration_;
};

// Pools sized for a table and a few blocks; what does not fit is allocated singly. Bullet's default of 4096
// each costs 8 MB a world.
btDefaultCollisionConstructionInfo PoolSizes() {
  btDefaultCollisionConstructionInfo info;
  info.m_defaultMaxPersistentManifoldPoolSize = 192;
  info.m_defaultMaxCollisionAlgorithmPoolSize = 384;
  info.m_customCollisionAlgorithmMaxElementSize =
      static_cast<int>(std::max({sizeof(ConvexConvexAlgorithm), sizeof(ConvexConcaveAlgorithm),
                                 sizeof(CompoundAlgorithm), sizeof(CompoundCompoundAlgorithm)}));
  return info;
}

}  // namespace

void SaveAlgorithm(btCollisionAlgorithm& algorithm, ByteWriter& out, ManifoldVisitor& visitor) {
  if (const auto* composite = dynamic_cast<const CompositeAlgorithm*>(&algorithm)) {
    composite->SaveChildren(out, visitor);
    return;
  }
  btManifoldArray manifolds;
  algorithm.getAllContactManifolds(manifolds);
  out.Write(manifolds.size());
  for (int i = 0; i < manifolds.size(); ++i) visitor.Visit(*manifolds[i]);
}

void RestoreAlgorithm(btCollisionAlgorithm& algorithm, ByteReader& in,
                      const btCollisionObjectWrapper& object0, const btCollisionObjectWrapper& object1,
                      ManifoldVisitor& visitor) {
  if (auto* composite = dynamic_cast<CompositeAlgorithm*>(&algorithm)) {
    composite->RestoreChildren(in, object0, object1, visitor);
    return;
  }
  btManifoldArray manifolds;
  algorithm.getAllContactManifolds(manifolds);
  Require(in.Read<int>() == manifolds.size(), "contact cache does not belong to this scene (manifold count)");
  for (int i = 0; i < manifolds.size(); ++i) visitor.Visit(*manifolds[i]);
}

NarrowPhase::NarrowPhase() : btDefaultCollisionConfiguration(PoolSizes()) {
  create_[kConvexConvex] = std::make_unique<CreateConvexConvex>(m_pdSolver);
  create_[kConvexConcave] = std::make_unique<Create<ConvexConcaveAlgorithm>>();
  create_[kConcaveConvex] = std::make_unique<Create<ConvexConcaveAlgorithm, true>>();
  create_[kCompoundCompound] = std::make_unique<Create<CompoundCompoundAlgorithm>>();
  create_[kCompound] = std::make_unique<Create<CompoundAlgorithm>>();
  create_[kOtherCompound] = std::make_unique<Create<CompoundAlgorithm, true>>();
}

NarrowPhase::~NarrowPhase() = default;

btCollisionAlgorithmCreateFunc* NarrowPhase::getCollisionAlgorithmCreateFunc(int type0, int type1) {
  btCollisionAlgorithmCreateFunc* standard =
      btDefaultCollisionConfiguration::getCollisionAlgorithmCreateFunc(type0, type1);
  const std::array<std::pair<const btCollisionAlgorithmCreateFunc*, int>, kCount> replacements = {{
      {m_convexConvexCreateFunc, kConvexConvex},
      {m_convexConcaveCreateFunc, kConvexConcave},
      {m_swappedConvexConcaveCreateFunc, kConcaveConvex},
      {m_compoundCompoundCreateFunc, kCompoundCompound},
      {m_compoundCreateFunc, kCompound},
      {m_swappedCompoundCreateFunc, kOtherCompound},
  }};
  for (const auto& [original, replacement] : replacements)
    if (standard == original) return create_[static_cast<size_t>(replacement)].get();
  return standard;
}

}  // namespace deerbench
