#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "sim/expert/view.h"
#include "tests/expert/trace.h"
#include "tests/expert/trials.h"

int main(int argc, char** argv) {
  using namespace deerbench;
  const std::string only = argc > 1 ? argv[1] : "all";
  const int count = argc > 2 ? std::atoi(argv[2]) : 10;
  const bool verbose = argc > 3 && std::strcmp(argv[3], "-v") == 0;
  const char* scenes = std::getenv("DEERBENCH_SCENES");
  const char* assets = std::getenv("TRIALS_ASSETS");
  const char* letter = std::getenv("TRIALS_SCENE");
  try {
    const auto model = LoadScene(letter ? letter : "D", scenes ? scenes : "scenes", assets ? assets : "");
    const auto halves = expert::BlockHalfExtents(model->description());
    for (TaskId task = 0; task < kTaskCount; ++task) {
      if (only != "all" && Tasks()[task].name.find(only) == std::string_view::npos) continue;
      const std::vector<TaskStart> starts = ShortestStarts(task);
      int began = 0, succeeded = 0, steps = 0;
      std::string problems;
      for (int i = 0; i < count; ++i) {
        const TaskStart& start = starts[i * 7919 % starts.size()];
        const auto watch = [&](const World& world, const RelativeAction& a, int step) {
          if (!verbose || step % 5) return;
          fmt::print("{}", test::TraceLine(world, halves, a, step));
        };
        const test::Trial trial = test::RunFromStart(model, start, task, i, watch);
        began += trial.began;
        succeeded += trial.succeeded;
        if (trial.succeeded) steps += trial.steps;
        if (!trial.problem.empty()) problems = trial.problem;
        if (verbose) fmt::print("== trial {} {}\n", i, trial.succeeded ? "ok" : "FAILED");
      }
      fmt::print("{:26s} {:3d} of {:3d} (began {}), mean steps {:.0f} {}\n", Tasks()[task].name, succeeded,
                 count, began, succeeded ? double(steps) / succeeded : 0.0, problems);
      std::fflush(stdout);
    }
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
