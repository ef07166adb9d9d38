// What is in a file of demonstrations, in figures.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <string>

#include "datasets/demo_file.h"

namespace deerbench {

// Of a set of numbers.
struct Spread {
  int64_t count = 0;
  double mean = 0, deviation = 0;  // of the population
  double least = 0, greatest = 0;
};

struct DemoTally {
  int demos = 0, successes = 0;
  Spread length;  // steps
};

struct DemoStatistics {
  DemoTally all;
  std::array<DemoTally, kTaskCount> tasks;
  std::map<std::string, DemoTally> scenes, sources;
  int sentences = 0;                  // different ones
  int with_states = 0;                // demonstrations that can be drawn
  std::map<std::string, int> stored;  // in how many demonstrations, by the array's name
  std::array<Spread, 7> actions;      // the expert's labels, by component, where there are any
  std::array<Spread, 7> deviations;   // what was executed minus the label
  int64_t steps = 0, labelled_steps = 0;
  int64_t differing_steps = 0;  // labelled steps at which something else was executed
};

// Reads the whole file and thereby verifies every checksum. `on_demo` is called after each demonstration with
// their number so far. Throws Error as DemoReader does.
DemoStatistics Summarise(const DemoReader& reader, const std::function<void(int)>& on_demo = {});

}  // namespace deerbench
