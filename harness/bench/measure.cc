#include "harness/bench/measure.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/version.h"
#include "harness/machine.h"
#include "harness/statistics.h"

namespace deerbench {

double ThreadCpuMs() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

Timing Summarize(std::string name, std::vector<double> values_ms) {
  if (values_ms.empty()) Fail(fmt::format("bench {}: no runs, expected at least one", name));
  Timing timing{.name = std::move(name)};
  timing.mean_ms = Mean(values_ms);
  timing.runs = static_cast<int>(values_ms.size());
  std::sort(values_ms.begin(), values_ms.end());
  timing.median_ms = Quantile(values_ms, 0.5);
  timing.p10_ms = Quantile(values_ms, 0.1);
  timing.p90_ms = Quantile(values_ms, 0.9);
  timing.p95_ms = Quantile(values_ms, 0.95);
  return timing;
}

std::string TimingsToJson(const std::string& title, const std::vector<Timing>& timings,
                          const std::map<std::string, double>& figures, const std::string& gpu) {
  nlohmann::ordered_json json{
      {"bench", title}, {"version", Version()}, {"unit", title.substr(0, title.find(' '))}};
  const MachineInfo machine = QueryMachine();
  json["machine"] = {
      {"cpu_model", machine.cpu_model}, {"cores", machine.cores}, {"capability", machine.capability}};
  if (!gpu.empty()) json["machine"]["gpu"] = gpu;
  for (const Timing& timing : timings) {
    json["timings"].push_back({{"name", timing.name},
                               {"median", timing.median_ms},
                               {"p10", timing.p10_ms},
                               {"p90", timing.p90_ms},
                               {"p95", timing.p95_ms},
                               {"mean", timing.mean_ms},
                               {"runs", timing.runs}});
  }
  for (const auto& [name, value] : figures) json[name] = value;
  return json.dump(2) + "\n";
}

}  // namespace deerbench
