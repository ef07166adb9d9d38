#include "harness/bench/batch_bench.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "harness/machine.h"
#include "harness/statistics.h"
#include "sim/env/start.h"
#include "sim/env/tabletop_batch.h"
#include "sim/expert/expert.h"
#include "sim/tasks/chains.h"

namespace deerbench {
namespace {

// The pictures of all worlds and what they know of themselves.
struct Pictures {
  explicit Pictures(size_t worlds)
      : rgb_static(worlds * 200 * 200 * 3), rgb_gripper(worlds * 84 * 84 * 3), robot_obs(worlds * 15) {}
  BatchView view() {
    return {
        .rgb_static = rgb_static.data(), .rgb_gripper = rgb_gripper.data(), .robot_obs = robot_obs.data()};
  }
  friend bool operator==(const Pictures&, const Pictures&) = default;

  std::vector<uint8_t> rgb_static, rgb_gripper;
  std::vector<double> robot_obs;
};

// How the expert begins a chain.
struct Script {
  Snapshot start;
  std::vector<RelativeAction> actions;
};

Script WriteScript(const TabletopScene& scene, const Chain& chain, int steps) {
  World world(scene.model);
  const InitialState state = StartOf(*scene.model, chain.state);
  world.Reset(state.robot_obs, state.scene_obs);
  Script script{.start = world.Save(), .actions = {}};
  Expert expert(scene.model);
  expert.Reset(world, chain.tasks[0], 0);
  for (int i = 0; i < steps; ++i) {
    script.actions.push_back(expert.Step(world).action);
    world.Step(script.actions.back());
  }
  return script;
}

// Lets all worlds play their scripts from the start. Returns wall milliseconds a world and step.
double Play(TabletopBatch& batch, const std::vector<Script>& scripts, Pictures& pictures) {
  std::vector<int> rows(scripts.size());
  std::iota(rows.begin(), rows.end(), 0);
  batch.ForEach(
      rows,
      [&](int row) {
        batch.world(row).Restore(scripts[static_cast<size_t>(row)].start);
        return true;
      },
      pictures.view());
  const size_t steps = scripts[0].actions.size();
  const auto start = std::chrono::steady_clock::now();
  for (size_t step = 0; step < steps; ++step) {
    batch.ForEach(
        rows,
        [&](int row) {
          batch.world(row).Step(scripts[static_cast<size_t>(row)].actions[step]);
          return true;
        },
        pictures.view());
  }
  const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
  return spent.count() / static_cast<double>(steps * scripts.size());
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return Quantile(values, 0.5);
}

}  // namespace

BatchBench BenchBatch(const TabletopScene& scene, const BatchBenchOptions& options) {
  Require(options.worlds > 0 && options.steps > 0 && options.rounds > 0, "bench: nothing to measure");
  const std::vector<Chain> chains = Chains(ChainSet::kTuning, std::min(options.worlds, kTuningChains));
  std::vector<Script> scripts;
  for (int i = 0; i < options.worlds; ++i)
    scripts.push_back(WriteScript(scene, chains[static_cast<size_t>(i) % chains.size()], options.steps));

  BatchBench bench;
  const double before = ResidentMib();
  Pictures pictures(scripts.size()), alone(scripts.size());
  TabletopBatch batch(scene, {.size = options.worlds, .threads = options.threads, .render = {}});
  Play(batch, scripts, pictures);
  bench.memory_mib = ResidentMib() - before;
  TabletopBatch one(scene, {.size = options.worlds, .threads = 1, .render = {}});
  Play(one, scripts, alone);
  Require(pictures == alone, "bench: several threads gave other bits than one");

  std::vector<double> one_ms, threads_ms, ratios;
  for (int round = 0; round < options.rounds; ++round) {
    one_ms.push_back(Play(one, scripts, alone));
    threads_ms.push_back(Play(batch, scripts, pictures));
    ratios.push_back(one_ms.back() / threads_ms.back());
  }
  bench.one_thread_ms = Median(one_ms);
  bench.threads_ms = Median(threads_ms);
  bench.speedup = Median(ratios);
  return bench;
}

}  // namespace deerbench
