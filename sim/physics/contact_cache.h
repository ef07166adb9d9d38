// What a Bullet world remembers besides positions and velocities.
#pragma once

#include <cstdint>

#include "sim/physics/bullet_world.h"
#include "sim/physics/world.h"

namespace deerbench {

// Boxes of the broad phase with their tree, pairs in their order, structure of the narrow phase, contact
// points with their impulses and anchors, order of the contact manifolds. `fingerprint` names the scene.
ContactCache SaveContacts(BulletWorld& world, uint64_t fingerprint);

// Into a freshly made world of the same scene whose bodies are already where they were when the cache was
// saved. Throws Error for bytes that are truncated or come from another scene or program version.
void RestoreContacts(const ContactCache& cache, uint64_t fingerprint, BulletWorld& world);

}  // namespace deerbench
