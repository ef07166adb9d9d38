// What more threads gain when many worlds are stepped and drawn at once, and what those worlds weigh.
#pragma once

#include "sim/env/tabletop.h"

namespace deerbench {

struct BatchBenchOptions {
  int worlds = 16;  // each works through the beginning of another tuning chain
  int threads = 2;
  int steps = 40;  // control steps of every world in one measurement
  int rounds = 7;  // of one thread, then all
};

// Wall time, for that is what threads save: only a machine with that many idle cores gives the right figures.
struct BatchBench {
  double one_thread_ms = 0;  // a control step of one world with both cameras, median over rounds
  double threads_ms = 0;     // likewise
  double speedup = 0;        // median over rounds of the two measurements' ratio
  double memory_mib = 0;     // resident, for worlds, renderers and pictures; the scene itself apart
};

// Throws Error for fewer than 1 world or thread, and if more threads change a bit of what is observed.
BatchBench BenchBatch(const TabletopScene& scene, const BatchBenchOptions& options);

}  // namespace deerbench
