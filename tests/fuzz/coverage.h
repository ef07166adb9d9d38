// Which ways through the readers an input takes. GCC calls a hook at each branch of what is compiled with
// -fsanitize-coverage=trace-pc; elsewhere nothing is ever new.
#pragma once

namespace deerbench::fuzz {

void ForgetCoverage();    // before an input
bool FoundNewCoverage();  // after it: it went where none before it did
int CoveredPlaces();      // so far

}  // namespace deerbench::fuzz
