// deerbench bench sim: a control step and its parts.
#include <memory>
#include <string>
#include <vector>

#include "harness/bench/sim_bench.h"
#include "harness/eval_config.h"
#include "harness/verbs/bench.h"

namespace deerbench {

void AddBenchSim(CLI::App& bench, Program& program) {
  const auto settings = std::make_shared<BenchSettings>();
  CLI::App* verb = AddBenchVerb(
      bench, "sim", "Physics, cameras and the whole control step while the expert works", *settings);
  const auto chains = std::make_shared<std::string>(std::to_string(SimBenchOptions().chains));
  verb->add_option("--chains", *chains, "how many chains the expert works through (default " + *chains + ")");
  verb->callback([settings, chains, &program] {
    SimBenchOptions options;
    options.chains = ParseInt("chains", *chains, 1, kTuningChains);
    const std::vector<Timing> timings = BenchSim(LoadBenchScene(*settings, program), options);
    PrintTimings("core-milliseconds a control step", timings, *settings, program);
  });
}

}  // namespace deerbench
