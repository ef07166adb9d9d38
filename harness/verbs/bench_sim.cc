// deerbench bench sim: a control step and its parts.
#include <memory>

#include "harness/bench/sim_bench.h"
#include "harness/verbs/bench.h"

namespace deerbench {

void AddBenchSim(CLI::App& bench, Program& program) {
  const auto settings = std::make_shared<BenchSettings>();
  CLI::App* verb = AddBenchVerb(
      bench, "sim", "Physics, cameras and the whole control step while the expert works", *settings);
  verb->callback([settings, &program] {
    const std::vector<Timing> timings = BenchSim(LoadBenchScene(*settings, program));
    PrintTimings("core-milliseconds a control step", timings, *settings, program);
  });
}

}  // namespace deerbench
