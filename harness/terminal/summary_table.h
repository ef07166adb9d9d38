// What `eval` prints when it is done.
#pragma once

#include <string>

#include "harness/summary.h"
#include "harness/terminal/progress.h"

namespace deerbench {

// Lines ending in '\n': success, tasks, costs, latency and memory.
std::string SummaryTable(const Summary& summary, const Terminal& terminal);

}  // namespace deerbench
