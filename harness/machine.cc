#include "harness/machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>

#include "base/thread_pool.h"

namespace deerbench {
namespace {

// First value of `key` in a file of "key : value" lines, such as those under /proc.
std::string ProcValue(const char* path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

// ATen's own rule for its kernel level.
std::string Capability() {
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  return avx2 && avx512 ? "AVX512" : avx2 ? "AVX2" : "DEFAULT";
}

// A size from this process's status.
double OwnMib(std::string_view key) {
  const std::string value = ProcValue("/proc/self/status", key);
  return value.empty() ? 0 : std::stod(value) / 1024.0;  // "123456 kB"
}

}  // namespace

MachineInfo QueryMachine() {
  MachineInfo machine;
  machine.cpu_model = ProcValue("/proc/cpuinfo", "model name");
  machine.cores = UsableCores();
  machine.memory_mib = static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
                       static_cast<double>(sysconf(_SC_PAGESIZE)) / (1024.0 * 1024.0);
  machine.capability = Capability();
  utsname name{};
  if (uname(&name) == 0) machine.os = std::string(name.sysname) + " " + name.release;
  return machine;
}

double PeakResidentMib() { return OwnMib("VmHWM"); }
double ResidentMib() { return OwnMib("VmRSS"); }

}  // namespace deerbench
