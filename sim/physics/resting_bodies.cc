#include "sim/physics/resting_bodies.h"

#include <BulletDynamics/Featherstone/btMultiBodyLinkCollider.h>

#include <algorithm>

#include "base/error.h"
#include "sim/physics/byte_stream.h"

namespace deerbench {
namespace {

constexpr int kStillSteps = 60;  // a quarter of a second
// Of the sum of squares of linear (m/s) and angular velocity (rad/s): what a block at rest trembles with
// stays ten times below.
constexpr btScalar kStillMotion = 1e-5;

// What cannot move, and what sleeps.
bool Rests(const btCollisionObject& object) { return object.isStaticObject(); }

bool IsStill(const btMultiBody& body) {
  return body.getBaseVel().length2() + body.getBaseOmega().length2() < kStillMotion;
}

}  // namespace

bool RestingDispatcher::needsCollision(const btCollisionObject* a, const btCollisionObject* b) {
  if (Rests(*a) && Rests(*b) && !(a->isActive() && b->isActive())) return false;
  return btCollisionDispatcher::needsCollision(a, b);
}

void RestingWorld::SetAsleep(Sleeper& sleeper, bool asleep) {
  btCollisionObject& object = *sleeper.body->getBaseCollider();
  const int flags = object.getCollisionFlags() & ~btCollisionObject::CF_STATIC_OBJECT;
  sleeper.asleep = asleep;
  object.setCollisionFlags(asleep ? flags | btCollisionObject::CF_STATIC_OBJECT : flags);
  object.setActivationState(asleep ? ISLAND_SLEEPING : ACTIVE_TAG);
  if (!asleep) return;
  sleeper.body->clearForcesAndTorques();  // nobody else does while it sleeps
  sleeper.body->clearConstraintForces();
}

void RestingWorld::WakeAll() {
  for (Sleeper& sleeper : sleepers_) {
    SetAsleep(sleeper, false);
    sleeper.still_steps = 0;
  }
}

int RestingWorld::asleep_count() const {
  return static_cast<int>(
      std::count_if(sleepers_.begin(), sleepers_.end(), [](const Sleeper& s) { return s.asleep; }));
}

bool RestingWorld::IsTouched(const Sleeper& sleeper, const std::vector<Sleeper*>& but) const {
  const btCollisionObject* self = sleeper.body->getBaseCollider();
  for (int i = 0; i < m_dispatcher1->getNumManifolds(); ++i) {
    const btPersistentManifold& manifold = *m_dispatcher1->getManifoldByIndexInternal(i);
    if (manifold.getNumContacts() == 0) continue;
    if (manifold.getBody0() != self && manifold.getBody1() != self) continue;
    const btCollisionObject* other = manifold.getBody0() == self ? manifold.getBody1() : manifold.getBody0();
    const auto is_other = [&](const Sleeper* s) { return s->body->getBaseCollider() == other; };
    if (!Rests(*other) && std::none_of(but.begin(), but.end(), is_other)) return true;
  }
  return false;
}

// Contacts are known and forces not yet added, so that what wakes falls at once.
void RestingWorld::calculateSimulationIslands() {
  for (bool woke = true; woke;) {
    woke = false;
    for (Sleeper& sleeper : sleepers_) {
      if (!sleeper.asleep || !IsTouched(sleeper, {})) continue;
      SetAsleep(sleeper, false);
      woke = true;
    }
  }
  btMultiBodyDynamicsWorld::calculateSimulationIslands();
}

void RestingWorld::updateActivationState(btScalar timestep_s) {
  btMultiBodyDynamicsWorld::updateActivationState(timestep_s);  // declares every body awake
  std::vector<Sleeper*> tired;
  for (Sleeper& sleeper : sleepers_) {
    sleeper.still_steps = IsStill(*sleeper.body) ? std::min(sleeper.still_steps + 1, kStillSteps) : 0;
    if (sleeper.asleep)
      SetAsleep(sleeper, true);
    else if (sleeper.still_steps >= kStillSteps)
      tired.push_back(&sleeper);
  }
  for (std::vector<Sleeper*> before; before.size() != tired.size();) {
    before = tired;
    std::erase_if(tired, [&](const Sleeper* sleeper) { return IsTouched(*sleeper, before); });
  }
  for (Sleeper* sleeper : tired) SetAsleep(*sleeper, true);
}

void RestingWorld::Save(ByteWriter& out) const {
  out.Write(static_cast<int>(sleepers_.size()));
  for (const Sleeper& sleeper : sleepers_) {
    out.Write(sleeper.still_steps);
    out.Write(sleeper.asleep);
  }
}

void RestingWorld::Restore(ByteReader& in) {
  Require(in.Read<int>() == static_cast<int>(sleepers_.size()),
          "contact cache does not belong to this scene (bodies that may sleep)");
  for (Sleeper& sleeper : sleepers_) {
    sleeper.still_steps = in.ReadIndex(kStillSteps + 1);
    SetAsleep(sleeper, in.Read<bool>());
  }
}

}  // namespace deerbench
