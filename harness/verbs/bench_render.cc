// deerbench bench render: each camera with each option.
#include <memory>

#include "harness/bench/sim_bench.h"
#include "harness/verbs/bench.h"

namespace deerbench {

void AddBenchRender(CLI::App& bench, Program& program) {
  const auto settings = std::make_shared<BenchSettings>();
  CLI::App* verb = AddBenchVerb(bench, "render", "Each camera with each render option", *settings);
  verb->callback([settings, &program] {
    const std::vector<Timing> timings = BenchRender(LoadBenchScene(*settings, program));
    PrintTimings("core-milliseconds a picture", timings, *settings, program);
  });
}

}  // namespace deerbench
