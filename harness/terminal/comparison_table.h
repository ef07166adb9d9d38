// What `compare` prints.
#pragma once

#include <string>

#include "harness/comparison.h"
#include "harness/terminal/progress.h"

namespace deerbench {

// Lines ending in '\n': both runs side by side, then each limit and whether it was kept.
std::string ComparisonTable(const Comparison& comparison, const Terminal& terminal);

}  // namespace deerbench
