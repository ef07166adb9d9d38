// The tabletop as Python holds it.
#pragma once

#include <mutex>
#include <utility>

#include "sim/env/tabletop.h"

namespace deerbench {

// Methods run without the interpreter's lock, so two Python threads may meet in one object: they take turns.
struct PyTabletop {
  PyTabletop(const TabletopScene& scene, const TabletopOptions& options) : tabletop(scene, options) {}
  Tabletop tabletop;
  std::mutex mutex;
};

}  // namespace deerbench
