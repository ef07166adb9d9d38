// By hand: whole chains without cameras. `expert_chains [evaluation|tuning] [FIRST] [COUNT] [-v]` prints
// every failure with its chain and, last, each task's rate and mean steps; -v traces the subtasks that fail,
// -vv all.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "sim/env/start.h"
#include "sim/expert/view.h"
#include "tests/expert/trace.h"
#include "tests/expert/trials.h"

int main(int argc, char** argv) {
  using namespace deerbench;
  const ChainSet set =
      argc > 1 && std::string(argv[1]) == "tuning" ? ChainSet::kTuning : ChainSet::kEvaluation;
  const int first = argc > 2 ? std::atoi(argv[2]) : 0, count = argc > 3 ? std::atoi(argv[3]) : 100;
  const bool verbose = argc > 4;
  const char* scenes = std::getenv("DEERBENCH_SCENES");
  const char* assets = std::getenv("TRIALS_ASSETS");
  const char* letter = std::getenv("TRIALS_SCENE");
  struct Tally {
    int tried = 0, succeeded = 0, steps = 0;
  };
  std::array<Tally, kTaskCount> tallies{};
  int run = 0, subtasks = 0, all_steps = 0, flips = 0;
  try {
    const auto model = LoadScene(letter ? letter : "D", scenes ? scenes : "scenes", assets ? assets : "");
    const auto halves = expert::BlockHalfExtents(model->description());
    const std::vector<Chain> chains = Chains(set, first + count);
    const char* only = std::getenv("TRIALS_CHAINS");  // such as ",3,17,"
    for (int c = first; c < first + count; ++c) {
      if (only && std::string(only).find(fmt::format(",{},", c)) == std::string::npos) continue;
      ++run;
      World world(model);
      const InitialState initial = StartOf(*model, chains[c].state);
      world.Reset(initial.robot_obs, initial.scene_obs);
      Expert expert(model);
      for (int i = 0; i < kChainLength; ++i) {
        const TaskId task = chains[c].tasks[i];
        std::string trace;
        RelativeAction last{};
        int turned_back = 0;
        const auto watch = [&](const World& w, const RelativeAction& a, int step) {
          for (int k = 0; k < 6; ++k) turned_back += a[k] * last[k] < -0.04;
          last = a;
          if (verbose && (step < 200 || step % 10 == 0)) trace += test::TraceLine(w, halves, a, step);
        };
        const test::Trial trial = test::RunTask(world, expert, task, 0, watch);
        Tally& tally = tallies[task];
        ++tally.tried;
        tally.succeeded += trial.succeeded;
        flips += turned_back;
        if (trial.succeeded) {
          tally.steps += trial.steps;
          all_steps += trial.steps;
          ++subtasks;
          const bool all = verbose && std::string(argv[4]) == "-vv";
          if (all || trial.steps > 150 || turned_back > 12)
            fmt::print("{}{}  {:4d}.{} {:26s} {} steps, {} flips\n", trace, all ? "done" : "slow", c, i,
                       Tasks()[task].name, trial.steps, turned_back);
          continue;
        }
        fmt::print("FAILED {:4d}.{} {:26s} {}\n", c, i, Tasks()[task].name,
                   trial.problem.empty() ? "timeout" : trial.problem);
        if (verbose) fmt::print("{}", trace);
        std::fflush(stdout);
        break;
      }
    }
    for (TaskId task = 0; task < kTaskCount; ++task) {
      const Tally& t = tallies[task];
      if (t.tried == 0) continue;
      fmt::print("{:26s} {:4d} of {:4d} {:6.1f} %  steps {:.0f}\n", Tasks()[task].name, t.succeeded, t.tried,
                 100.0 * t.succeeded / t.tried, t.succeeded ? double(t.steps) / t.succeeded : 0.0);
    }
    fmt::print("average length {:.3f}, mean steps {:.1f}, flips a subtask {:.2f}\n", double(subtasks) / run,
               double(all_steps) / subtasks, double(flips) / subtasks);
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
