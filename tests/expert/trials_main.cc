#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "sim/expert/view.h"
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
          const expert::View v = expert::Look(world, halves);
          fmt::print(
              "{:3d} tcp {:.3f} {:.3f} {:.3f} eul {:.2f} {:.2f} {:.2f} tgt {:.3f} {:.3f} {:.3f} w {:.3f} g "
              "{:.0f} | a {:.2f} {:.2f} {:.2f} {:.2f} {:.2f} {:.2f} {:.0f} | q {:.3f} {:.3f} {:.3f} {:.3f}",
              step, v.tcp.x, v.tcp.y, v.tcp.z, v.tcp_euler.x, v.tcp_euler.y, v.tcp_euler.z, v.target.x,
              v.target.y, v.target.z, v.gripper_width, v.gripper_action, a[0], a[1], a[2], a[3], a[4], a[5],
              a[6], v.slide, v.drawer, v.button, v.toggle);
          for (const auto& b : v.blocks)
            fmt::print(" [{:.3f} {:.3f} {:.3f}{}{}{}{}]", b.p.x, b.p.y, b.p.z,
                       b.on ? "tsd"[static_cast<int>(*b.on)] : '-', b.on_block ? "b" : "",
                       b.gripped ? "G" : "", b.touched ? "T" : "");
          for (const auto& c : world.Info().robot.contacts)
            fmt::print(" ({}>{}:{})", c.own_link, c.other_body, c.other_link);
          fmt::print("\n");
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
