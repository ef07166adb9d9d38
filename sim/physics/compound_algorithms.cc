#include "sim/physics/compound_algorithms.h"

#include <BulletCollision/BroadphaseCollision/btDbvt.h>
#include <BulletCollision/CollisionDispatch/btCollisionDispatcher.h>
#include <BulletCollision/CollisionDispatch/btCollisionObject.h>
#include <BulletCollision/CollisionDispatch/btCollisionObjectWrapper.h>
#include <BulletCollision/CollisionDispatch/btManifoldResult.h>
#include <BulletCollision/CollisionShapes/btCompoundShape.h>
#include <LinearMath/btAabbUtil2.h>

#include <algorithm>

#include "base/error.h"
#include "sim/physics/byte_stream.h"

namespace deerbench {
namespace {

const btCompoundShape& Compound(const btCollisionObjectWrapper& object) {
  return static_cast<const btCompoundShape&>(*object.getCollisionShape());
}

btTransform ChildPose(const btCollisionObjectWrapper& object, int child) {
  return object.getWorldTransform() * Compound(object).getChildTransform(child);
}

bool BoxesOverlap(const btCollisionShape& shape0, const btTransform& pose0, const btCollisionShape& shape1,
                  const btTransform& pose1) {
  btVector3 min0, max0, min1, max1;
  shape0.getAabb(pose0, min0, max0);
  shape1.getAabb(pose1, min1, max1);
  return TestAabbAgainstAabb2(min0, max0, min1, max1);
}

// Calls visit(leaf index of tree 0, leaf index of tree 1) for all leaves whose boxes overlap; X maps from
// tree 1's frame to tree 0's.
template <typename Visit>
void ForOverlappingLeaves(const btDbvtNode* root0, const btDbvtNode* root1, const btTransform& X,
                          Visit&& visit) {
  if (!root0 || !root1) return;
  using NodePair = btDbvt::sStkNN;
  std::vector<NodePair> stack = {NodePair(root0, root1)};
  while (!stack.empty()) {
    const NodePair top = stack.back();
    stack.pop_back();
    btVector3 min, max;
    btTransformAabb(top.b->volume.Mins(), top.b->volume.Maxs(), 0, X, min, max);
    if (!Intersect(top.a->volume, btDbvtVolume::FromMM(min, max))) continue;
    if (top.a->isinternal() && top.b->isinternal()) {
      for (int b = 0; b < 2; ++b)
        for (int a = 0; a < 2; ++a) stack.emplace_back(top.a->childs[a], top.b->childs[b]);
    } else if (top.a->isinternal()) {
      for (int a = 0; a < 2; ++a) stack.emplace_back(top.a->childs[a], top.b);
    } else if (top.b->isinternal()) {
      for (int b = 0; b < 2; ++b) stack.emplace_back(top.a, top.b->childs[b]);
    } else {
      visit(top.a->dataAsInt, top.b->dataAsInt);
    }
  }
}

}  // namespace

void CompoundAlgorithm::SaveChildren(ByteWriter& out, ManifoldVisitor& visitor) const {
  for (int i = 0; i < m_childCollisionAlgorithms.size(); ++i) {
    out.Write(m_childCollisionAlgorithms[i] != nullptr);
    if (m_childCollisionAlgorithms[i]) SaveAlgorithm(*m_childCollisionAlgorithms[i], out, visitor);
  }
}

void CompoundAlgorithm::RestoreChildren(ByteReader& in, const btCollisionObjectWrapper& object0,
                                        const btCollisionObjectWrapper& object1, ManifoldVisitor& visitor) {
  const btCollisionObjectWrapper& compound = m_isSwapped ? object1 : object0;
  const btCollisionObjectWrapper& other = m_isSwapped ? object0 : object1;
  for (int i = 0; i < m_childCollisionAlgorithms.size(); ++i) {
    if (!in.Read<bool>()) continue;
    const btTransform pose = ChildPose(compound, i);
    const btCollisionObjectWrapper child(&compound, Compound(compound).getChildShape(i),
                                         compound.getCollisionObject(), pose, -1, i);
    m_childCollisionAlgorithms[i] =
        m_dispatcher->findAlgorithm(&child, &other, m_sharedManifold, BT_CONTACT_POINT_ALGORITHMS);
    RestoreAlgorithm(*m_childCollisionAlgorithms[i], in, child, other, visitor);
  }
}

CompoundCompoundAlgorithm::CompoundCompoundAlgorithm(const btCollisionAlgorithmConstructionInfo& info,
                                                     const btCollisionObjectWrapper* object0,
                                                     const btCollisionObjectWrapper* object1, bool)
    : btActivatingCollisionAlgorithm(info, object0, object1), shared_manifold_(info.m_manifold) {}

CompoundCompoundAlgorithm::~CompoundCompoundAlgorithm() {
  for (const Pair& pair : pairs_) Free(pair.algorithm);
}

void CompoundCompoundAlgorithm::Free(btCollisionAlgorithm* algorithm) {
  algorithm->~btCollisionAlgorithm();
  m_dispatcher->freeCollisionAlgorithm(algorithm);
}

void CompoundCompoundAlgorithm::getAllContactManifolds(btManifoldArray& manifolds) {
  for (const Pair& pair : pairs_) pair.algorithm->getAllContactManifolds(manifolds);
}

void CompoundCompoundAlgorithm::Refresh(btManifoldResult& result) {
  for (const Pair& pair : pairs_) {
    scratch_.resize(0);
    pair.algorithm->getAllContactManifolds(scratch_);
    for (int i = 0; i < scratch_.size(); ++i) {
      if (scratch_[i]->getNumContacts() == 0) continue;
      result.setPersistentManifold(scratch_[i]);
      result.refreshContactPoints();
      result.setPersistentManifold(nullptr);
    }
  }
}

void CompoundCompoundAlgorithm::ProcessPair(int child0, int child1, const btCollisionObjectWrapper& object0,
                                            const btCollisionObjectWrapper& object1,
                                            const btDispatcherInfo& dispatch, btManifoldResult& result) {
  const btCollisionShape& shape0 = *Compound(object0).getChildShape(child0);
  const btCollisionShape& shape1 = *Compound(object1).getChildShape(child1);
  const btTransform pose0 = ChildPose(object0, child0), pose1 = ChildPose(object1, child1);
  if (!BoxesOverlap(shape0, pose0, shape1, pose1)) return;

  const btCollisionObjectWrapper wrap0(&object0, &shape0, object0.getCollisionObject(), pose0, -1, child0);
  const btCollisionObjectWrapper wrap1(&object1, &shape1, object1.getCollisionObject(), pose1, -1, child1);
  auto pair = std::find_if(pairs_.begin(), pairs_.end(),
                           [&](const Pair& p) { return p.child0 == child0 && p.child1 == child1; });
  if (pair == pairs_.end()) {
    btCollisionAlgorithm* algorithm =
        m_dispatcher->findAlgorithm(&wrap0, &wrap1, shared_manifold_, BT_CONTACT_POINT_ALGORITHMS);
    pair = pairs_.insert(pairs_.end(), {child0, child1, algorithm});
  }

  const btCollisionObjectWrapper* outer0 = result.getBody0Wrap();
  const btCollisionObjectWrapper* outer1 = result.getBody1Wrap();
  result.setBody0Wrap(&wrap0);
  result.setBody1Wrap(&wrap1);
  result.setShapeIdentifiersA(-1, child0);
  result.setShapeIdentifiersB(-1, child1);
  pair->algorithm->processCollision(&wrap0, &wrap1, dispatch, &result);
  result.setBody0Wrap(outer0);
  result.setBody1Wrap(outer1);
}

void CompoundCompoundAlgorithm::DropSeparated(const btCollisionObjectWrapper& object0,
                                              const btCollisionObjectWrapper& object1) {
  for (Pair& pair : pairs_) {
    if (BoxesOverlap(*Compound(object0).getChildShape(pair.child0), ChildPose(object0, pair.child0),
                     *Compound(object1).getChildShape(pair.child1), ChildPose(object1, pair.child1)))
      continue;
    Free(pair.algorithm);
    pair.algorithm = nullptr;
  }
  // In the order of Bullet's pair cache: a removed pair's place is taken by the last one.
  std::vector<std::pair<int, int>> dropped;
  for (const Pair& pair : pairs_)
    if (!pair.algorithm) dropped.emplace_back(pair.child0, pair.child1);
  for (const auto& [child0, child1] : dropped) {
    const auto pair = std::find_if(pairs_.begin(), pairs_.end(),
                                   [&](const Pair& p) { return p.child0 == child0 && p.child1 == child1; });
    *pair = pairs_.back();
    pairs_.pop_back();
  }
}

void CompoundCompoundAlgorithm::processCollision(const btCollisionObjectWrapper* object0,
                                                 const btCollisionObjectWrapper* object1,
                                                 const btDispatcherInfo& dispatch, btManifoldResult* result) {
  Refresh(*result);
  const btTransform X = object0->getWorldTransform().inverse() * object1->getWorldTransform();
  ForOverlappingLeaves(
      Compound(*object0).getDynamicAabbTree()->m_root, Compound(*object1).getDynamicAabbTree()->m_root, X,
      [&](int child0, int child1) { ProcessPair(child0, child1, *object0, *object1, dispatch, *result); });
  DropSeparated(*object0, *object1);
}

void CompoundCompoundAlgorithm::SaveChildren(ByteWriter& out, ManifoldVisitor& visitor) const {
  out.Write(static_cast<int>(pairs_.size()));
  for (const Pair& pair : pairs_) {
    out.Write(pair.child0);
    out.Write(pair.child1);
    SaveAlgorithm(*pair.algorithm, out, visitor);
  }
}

void CompoundCompoundAlgorithm::RestoreChildren(ByteReader& in, const btCollisionObjectWrapper& object0,
                                                const btCollisionObjectWrapper& object1,
                                                ManifoldVisitor& visitor) {
  const int children0 = Compound(object0).getNumChildShapes(),
            children1 = Compound(object1).getNumChildShapes();
  const int count = in.ReadIndex(children0 * children1 + 1);
  for (int i = 0; i < count; ++i) {
    const int child0 = in.ReadIndex(children0), child1 = in.ReadIndex(children1);
    const btTransform pose0 = ChildPose(object0, child0), pose1 = ChildPose(object1, child1);
    const btCollisionObjectWrapper wrap0(&object0, Compound(object0).getChildShape(child0),
                                         object0.getCollisionObject(), pose0, -1, child0);
    const btCollisionObjectWrapper wrap1(&object1, Compound(object1).getChildShape(child1),
                                         object1.getCollisionObject(), pose1, -1, child1);
    btCollisionAlgorithm* algorithm =
        m_dispatcher->findAlgorithm(&wrap0, &wrap1, shared_manifold_, BT_CONTACT_POINT_ALGORITHMS);
    pairs_.push_back({child0, child1, algorithm});
    RestoreAlgorithm(*algorithm, in, wrap0, wrap1, visitor);
  }
}

}  // namespace deerbench
