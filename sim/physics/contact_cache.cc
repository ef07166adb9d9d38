#include "sim/physics/contact_cache.h"

#include <BulletCollision/CollisionDispatch/btCollisionObjectWrapper.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "sim/physics/byte_stream.h"

namespace deerbench {
namespace {

constexpr uint64_t kMagic = 0x31636e6f63656564;  // "deeconc1"
constexpr uint32_t kVersion = 2;

// Calls f(field) for every field of a contact point but the user's pointer, which is never set.
template <typename Point, typename F>
void ForEachField(Point& p, F&& f) {
  const auto vector = [&](auto& v) {
    for (int i = 0; i < 3; ++i) f(v[i]);
  };
  vector(p.m_localPointA);
  vector(p.m_localPointB);
  vector(p.m_positionWorldOnB);
  vector(p.m_positionWorldOnA);
  vector(p.m_normalWorldOnB);
  f(p.m_distance1);
  f(p.m_combinedFriction);
  f(p.m_combinedRollingFriction);
  f(p.m_combinedSpinningFriction);
  f(p.m_combinedRestitution);
  f(p.m_partId0);
  f(p.m_partId1);
  f(p.m_index0);
  f(p.m_index1);
  f(p.m_contactPointFlags);
  f(p.m_appliedImpulse);
  f(p.m_prevRHS);
  f(p.m_appliedImpulseLateral1);
  f(p.m_appliedImpulseLateral2);
  f(p.m_contactMotion1);
  f(p.m_contactMotion2);
  f(p.m_contactCFM);  // shares its place with the stiffness
  f(p.m_contactERP);  // shares its place with the damping
  f(p.m_frictionCFM);
  f(p.m_lifeTime);
  vector(p.m_lateralFrictionDir1);
  vector(p.m_lateralFrictionDir2);
}

class ManifoldSaver final : public ManifoldVisitor {
 public:
  explicit ManifoldSaver(ByteWriter& out) : out_(out) {}
  void Visit(btPersistentManifold& manifold) override {
    out_.Write(manifold.m_index1a);
    out_.Write(manifold.getNumContacts());
    for (int i = 0; i < manifold.getNumContacts(); ++i)
      ForEachField(manifold.getContactPoint(i), [&](auto& field) { out_.Write(field); });
  }

 private:
  ByteWriter& out_;
};

class ManifoldRestorer final : public ManifoldVisitor {
 public:
  explicit ManifoldRestorer(ByteReader& in) : in_(in) {}

  void Visit(btPersistentManifold& manifold) override {
    places_.emplace_back(in_.Read<int>(), &manifold);
    const int count = in_.ReadIndex(MANIFOLD_CACHE_SIZE + 1);
    manifold.setNumContacts(count);
    for (int i = 0; i < count; ++i) {
      btManifoldPoint& point = manifold.getContactPoint(i);
      point = btManifoldPoint();
      ForEachField(point, [&](auto& field) { field = in_.Read<std::remove_reference_t<decltype(field)>>(); });
    }
  }

  // Puts the dispatcher's manifolds, all of which were visited, in their saved order.
  void Reorder(btCollisionDispatcher& dispatcher) {
    std::sort(places_.begin(), places_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    Require(static_cast<int>(places_.size()) == dispatcher.getNumManifolds(),
            "contact cache does not belong to this scene (number of manifolds)");
    // All before the first is moved: the world must still be able to give its manifolds back.
    for (size_t i = 0; i < places_.size(); ++i)
      Require(places_[i].first == static_cast<int>(i),
              "contact cache does not belong to this scene (order of manifolds)");
    btPersistentManifold** manifolds = dispatcher.getInternalManifoldPointer();
    for (size_t i = 0; i < places_.size(); ++i) {
      manifolds[i] = places_[i].second;
      manifolds[i]->m_index1a = static_cast<int>(i);
    }
  }

 private:
  ByteReader& in_;
  std::vector<std::pair<int, btPersistentManifold*>> places_;
};

btCollisionObjectWrapper Wrap(const btBroadphaseProxy& proxy) {
  auto* object = static_cast<btCollisionObject*>(proxy.m_clientObject);
  return btCollisionObjectWrapper(nullptr, object->getCollisionShape(), object, object->getWorldTransform(),
                                  -1, -1);
}

// Unique ids count from 1.
int ReadProxy(ByteReader& in, int proxies) {
  const int id = in.ReadIndex(proxies + 1);
  Require(id > 0, "contact cache does not belong to this scene (proxy 0)");
  return id - 1;
}

}  // namespace

ContactCache SaveContacts(BulletWorld& world, uint64_t fingerprint) {
  ContactCache cache;
  ByteWriter out(cache.bytes);
  out.Write(kMagic);
  out.Write(kVersion);
  out.Write(fingerprint);
  world.broadphase().Save(out);
  btBroadphasePairArray& pairs = world.broadphase().getOverlappingPairCache()->getOverlappingPairArray();
  ManifoldSaver saver(out);
  out.Write(pairs.size());
  for (int i = 0; i < pairs.size(); ++i) {
    out.Write(pairs[i].m_pProxy0->m_uniqueId);
    out.Write(pairs[i].m_pProxy1->m_uniqueId);
    out.Write(pairs[i].m_algorithm != nullptr);
    if (pairs[i].m_algorithm) SaveAlgorithm(*pairs[i].m_algorithm, out, saver);
  }
  world.resting().Save(out);
  return cache;
}

void RestoreContacts(const ContactCache& cache, uint64_t fingerprint, BulletWorld& world) {
  ByteReader in(cache.bytes);
  Require(in.Read<uint64_t>() == kMagic, "contact cache: these bytes are none");
  Require(in.Read<uint32_t>() == kVersion, "contact cache is of another program version");
  Require(in.Read<uint64_t>() == fingerprint, "contact cache belongs to another scene");
  Broadphase& broadphase = world.broadphase();
  btCollisionDispatcher& dispatcher = world.dispatcher();
  btOverlappingPairCache& pairs = *broadphase.getOverlappingPairCache();
  while (pairs.getNumOverlappingPairs() > 0) {
    btBroadphasePair& last = pairs.getOverlappingPairArray()[pairs.getNumOverlappingPairs() - 1];
    pairs.removeOverlappingPair(last.m_pProxy0, last.m_pProxy1, &dispatcher);
  }
  broadphase.Restore(in);

  ManifoldRestorer restorer(in);
  const int proxies = broadphase.proxy_count();
  const int count = in.ReadIndex(proxies * proxies);
  for (int i = 0; i < count; ++i) {
    btBroadphaseProxy& proxy0 = broadphase.proxy(ReadProxy(in, proxies));
    btBroadphaseProxy& proxy1 = broadphase.proxy(ReadProxy(in, proxies));
    btBroadphasePair* pair = pairs.addOverlappingPair(&proxy0, &proxy1);
    Require(
        pair && pairs.getNumOverlappingPairs() == i + 1 && pair->m_pProxy0 == &proxy0 && &proxy0 != &proxy1,
        "contact cache does not belong to this scene (pair)");
    if (!in.Read<bool>()) continue;
    const btCollisionObjectWrapper object0 = Wrap(proxy0), object1 = Wrap(proxy1);
    pair->m_algorithm = dispatcher.findAlgorithm(&object0, &object1, nullptr, BT_CONTACT_POINT_ALGORITHMS);
    RestoreAlgorithm(*pair->m_algorithm, in, object0, object1, restorer);
  }
  broadphase.CheckCleanUp();
  world.resting().Restore(in);  // after the pairs: what sleeps is given no manifold
  Require(in.at_end(), "contact cache has bytes after its end");
  restorer.Reorder(dispatcher);
}

}  // namespace deerbench
