// Bodies that lie still cost nothing: Bullet's world with a sleep of our own.
#pragma once

#include <BulletCollision/CollisionDispatch/btCollisionDispatcher.h>
#include <BulletDynamics/Featherstone/btMultiBody.h>
#include <BulletDynamics/Featherstone/btMultiBodyDynamicsWorld.h>

#include <vector>

namespace deerbench {

class ByteReader;
class ByteWriter;

// Does not look for contacts between what sleeps and what cannot move: they stay as they were.
class RestingDispatcher final : public btCollisionDispatcher {
 public:
  using btCollisionDispatcher::btCollisionDispatcher;
  bool needsCollision(const btCollisionObject* a, const btCollisionObject* b) override;
};

// A body that may sleep falls asleep once it has been still for a quarter of a second and touches nothing but
// what cannot move and others of its kind. Asleep it counts as static. It wakes, with all sleepers it
// touches, as soon as anything else touches it. Bodies that may not sleep, and worlds without any that may,
// move as in Bullet to the bit. (Bullet's own sleep wakes whole islands of overlapping boxes, keeps its timer
// to itself and leaves what wakes without gravity for a step.)
class RestingWorld final : public btMultiBodyDynamicsWorld {
 public:
  using btMultiBodyDynamicsWorld::btMultiBodyDynamicsWorld;

  // `body` is one free link, in this world.
  void AllowSleep(btMultiBody& body) { sleepers_.push_back({&body}); }

  void WakeAll();

  int asleep_count() const;

  void Save(ByteWriter& out) const;
  void Restore(ByteReader& in);  // throws Error where the bytes are of another world

 protected:
  void calculateSimulationIslands() override;
  void updateActivationState(btScalar timestep_s) override;

 private:
  struct Sleeper {
    btMultiBody* body = nullptr;
    int still_steps = 0;
    bool asleep = false;
  };

  static void SetAsleep(Sleeper& sleeper, bool asleep);
  // Whether anything touches it that neither rests nor is in `but`.
  bool IsTouched(const Sleeper& sleeper, const std::vector<Sleeper*>& but) const;

  std::vector<Sleeper> sleepers_;
};

}  // namespace deerbench
