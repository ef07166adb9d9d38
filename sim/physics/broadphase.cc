#include "sim/physics/broadphase.h"

#include <algorithm>

#include "sim/physics/byte_stream.h"

namespace deerbench {
namespace {

constexpr int kCleanedPercent = 10;  // of the pairs, in each step
// Overlaps in a step: far more than there can be, with room to count on from there.
constexpr int kMostFound = 1 << 30;

}  // namespace

Broadphase::Broadphase() { pairs_.setOverlapFilterCallback(&filter_); }

Broadphase::~Broadphase() = default;

void Broadphase::AddPairsOf(Proxy& proxy) {
  tree_.ForOverlapping(tree_.box(proxy.leaf), [&](int other) {
    Proxy& found = *proxies_[static_cast<size_t>(other)];
    if (&found == &proxy) return;
    pairs_.addOverlappingPair(&found, &proxy);
    ++found_;
  });
}

btBroadphaseProxy* Broadphase::createProxy(const btVector3& aabb_min, const btVector3& aabb_max, int,
                                           void* collision_object, int group, int mask, btDispatcher*) {
  const int index = proxy_count();
  proxies_.push_back(std::make_unique<Proxy>(aabb_min, aabb_max, collision_object, group, mask));
  Proxy& proxy = *proxies_.back();
  proxy.m_uniqueId = index + 1;
  proxy.leaf = tree_.Insert({aabb_min, aabb_max}, index);
  AddPairsOf(proxy);
  return &proxy;
}

void Broadphase::destroyProxy(btBroadphaseProxy* proxy, btDispatcher* dispatcher) {
  pairs_.removeOverlappingPairsContainingProxy(proxy, dispatcher);
  tree_.Remove(static_cast<Proxy*>(proxy)->leaf);
  proxies_[static_cast<size_t>(proxy->m_uniqueId - 1)].reset();
  needs_cleaning_ = true;
}

void Broadphase::setAabb(btBroadphaseProxy* base, const btVector3& aabb_min, const btVector3& aabb_max,
                         btDispatcher*) {
  Proxy& proxy = *static_cast<Proxy*>(base);
  const bool moved = tree_.Update(proxy.leaf, {aabb_min, aabb_max});
  proxy.m_aabbMin = aabb_min;
  proxy.m_aabbMax = aabb_max;
  if (!moved) return;
  needs_cleaning_ = true;
  AddPairsOf(proxy);
}

void Broadphase::getAabb(btBroadphaseProxy* proxy, btVector3& aabb_min, btVector3& aabb_max) const {
  aabb_min = proxy->m_aabbMin;
  aabb_max = proxy->m_aabbMax;
}

bool Broadphase::StillOverlap(const btBroadphasePair& pair) const {
  return tree_.box(static_cast<const Proxy*>(pair.m_pProxy0)->leaf)
      .Overlaps(tree_.box(static_cast<const Proxy*>(pair.m_pProxy1)->leaf));
}

void Broadphase::calculateOverlappingPairs(btDispatcher* dispatcher) {
  tree_.Optimize();
  if (needs_cleaning_) {
    btBroadphasePairArray& pairs = pairs_.getOverlappingPairArray();
    int to_check = std::min(pairs.size(), std::max(found_, pairs.size() * kCleanedPercent / 100));
    for (int i = 0; i < to_check; ++i) {
      btBroadphasePair& pair = pairs[(clean_from_ + i) % pairs.size()];
      if (StillOverlap(pair)) continue;
      pairs_.removeOverlappingPair(pair.m_pProxy0, pair.m_pProxy1, dispatcher);
      --to_check;
      --i;
    }
    clean_from_ = pairs.size() > 0 ? (clean_from_ + to_check) % pairs.size() : 0;
  }
  found_ = 1;
  needs_cleaning_ = false;
}

void Broadphase::getBroadphaseAabb(btVector3& aabb_min, btVector3& aabb_max) const {
  aabb_min.setValue(BT_LARGE_FLOAT, BT_LARGE_FLOAT, BT_LARGE_FLOAT);
  aabb_max = -aabb_min;
  for (const auto& proxy : proxies_) {
    if (!proxy) continue;
    aabb_min.setMin(proxy->m_aabbMin);
    aabb_max.setMax(proxy->m_aabbMax);
  }
}

void Broadphase::Save(ByteWriter& out) const {
  tree_.Save(out);
  for (const auto& proxy : proxies_)
    for (const btVector3& corner : {proxy->m_aabbMin, proxy->m_aabbMax})
      for (int i = 0; i < 3; ++i) out.Write(corner[i]);
  out.Write(found_);
  out.Write(clean_from_);
  out.Write(needs_cleaning_);
}

void Broadphase::Restore(ByteReader& in) {
  tree_.Restore(in);
  for (const auto& proxy : proxies_)
    for (btVector3* corner : {&proxy->m_aabbMin, &proxy->m_aabbMax})
      for (int i = 0; i < 3; ++i) (*corner)[i] = in.Read<btScalar>();
  found_ = in.Read<int>();
  clean_from_ = in.Read<int>();
  needs_cleaning_ = in.Read<bool>();
  Require(found_ > 0 && found_ < kMostFound, "contact cache does not belong to this scene (overlaps found)");
}

void Broadphase::CheckCleanUp() const {
  const int pairs = std::max(1, pairs_.getNumOverlappingPairs());
  Require(clean_from_ >= 0 && clean_from_ < pairs,
          "contact cache does not belong to this scene (clean-up position)");
}

}  // namespace deerbench
