// deerbench bench sim: a control step and its parts; many worlds on several threads.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "harness/bench/batch_bench.h"
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
  const auto threads = std::make_shared<std::string>();
  verb->add_option("--threads", *threads, "also step and draw many worlds on so many threads, beside one");
  const auto worlds = std::make_shared<std::string>(std::to_string(BatchBenchOptions().worlds));
  verb->add_option("--worlds", *worlds, "how many worlds (default " + *worlds + ")");
  verb->callback([settings, chains, threads, worlds, &program] {
    SimBenchOptions options;
    options.chains = ParseInt("chains", *chains, 1, kTuningChains);
    BatchBenchOptions many;
    many.worlds = ParseInt("worlds", *worlds, 1, 4096);
    many.threads = threads->empty() ? 0 : ParseInt("threads", *threads, 1, 1024);
    const TabletopScene scene = LoadBenchScene(*settings, program);
    const std::vector<Timing> timings = BenchSim(scene, options);
    std::map<std::string, double> figures;
    std::string note;
    if (many.threads > 0) {
      const BatchBench measured = BenchBatch(scene, many);
      figures = {{"worlds", many.worlds},
                 {"threads", many.threads},
                 {"one_thread_wall_ms", measured.one_thread_ms},
                 {"threads_wall_ms", measured.threads_ms},
                 {"speedup", measured.speedup},
                 {"worlds_mib", measured.memory_mib}};
      note = fmt::format(
          "{} worlds: {:.2f} ms of wall time a control step with both cameras on one thread, {:.2f} ms on {} "
          "({:.2f} times as fast); {:.0f} MiB\n",
          many.worlds, measured.one_thread_ms, measured.threads_ms, many.threads, measured.speedup,
          measured.memory_mib);
      if (many.threads > UsableCores())
        note += fmt::format("{} threads on {} cores: the last figures mean little\n", many.threads,
                            UsableCores());
    }
    PrintTimings("core-milliseconds a control step", timings, *settings, program, figures);
    PrintError(note);
  });
}

}  // namespace deerbench
