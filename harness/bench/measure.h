// Timing that other processes on the machine disturb little: the CPU time of the calling thread.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace deerbench {

// CPU time of this thread so far, ms.
double ThreadCpuMs();

// One figure of a bench, with its spread.
struct Timing {
  std::string name;
  double median_ms = 0;
  double p10_ms = 0, p90_ms = 0, p95_ms = 0;
  double mean_ms = 0;
  int runs = 0;
};

// Throws Error without values.
Timing Summarize(std::string name, std::vector<double> values_ms);

// {"machine": {...}, "timings": [{...}, ...]}, to be read by programs, and under their names the `figures`
// that are not timings. `title` names the bench, after the unit; `gpu` what was timed, if it was one.
std::string TimingsToJson(const std::string& title, const std::vector<Timing>& timings,
                          const std::map<std::string, double>& figures = {}, const std::string& gpu = "");

}  // namespace deerbench
