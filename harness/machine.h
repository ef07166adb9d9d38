// The machine that figures were taken on, and what a process holds of it.
#pragma once

#include <string>

namespace deerbench {

struct MachineInfo {
  std::string cpu_model;
  int cores = 0;          // that this process may use
  double memory_mib = 0;  // installed
  std::string
      capability;  // "AVX512", "AVX2" or "DEFAULT": the tensor library's levels, which decide last bits
  std::string os;
};

MachineInfo QueryMachine();

// Highest resident size of this process so far, MiB.
double PeakResidentMib();

// Resident size of this process now, MiB.
double ResidentMib();

}  // namespace deerbench
