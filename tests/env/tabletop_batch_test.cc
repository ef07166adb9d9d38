#include "sim/env/tabletop_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "sim/env/start.h"

namespace deerbench {
namespace {

const TabletopScene& SceneD() {
  static const TabletopScene scene = LoadTabletopScene("D", std::getenv("DEERBENCH_SCENES"));
  return scene;
}

InitialState StateOfRow(int row) {
  const std::vector<SymbolicState> conditions = InitialConditions();
  return StartOf(*SceneD().model, conditions[static_cast<size_t>(row) * 7 % conditions.size()]);
}

// Towards the table and back in wide swings, so that things are touched.
RelativeAction ActionOf(int row, int step) {
  SplitMix64 random(static_cast<uint64_t>(1000 * row + step / 8));
  RelativeAction action;
  for (size_t i = 0; i < 6; ++i) action[i] = 2 * random.Uniform() - 1;
  action[2] -= 0.5;
  for (size_t i = 0; i < 6; ++i) action[i] = std::clamp(action[i], -1.0, 1.0);
  action[6] = random.Uniform() < 0.5 ? -1 : 1;
  return action;
}

struct Memory {
  std::vector<uint8_t> rgb_static, rgb_gripper;
  std::vector<float> depth_static, depth_gripper;
  std::vector<double> robot_obs, scene_obs;

  explicit Memory(int rows)
      : rgb_static(static_cast<size_t>(rows) * 200 * 200 * 3),
        rgb_gripper(static_cast<size_t>(rows) * 84 * 84 * 3),
        depth_static(static_cast<size_t>(rows) * 200 * 200),
        depth_gripper(static_cast<size_t>(rows) * 84 * 84),
        robot_obs(static_cast<size_t>(rows) * 15),
        scene_obs(static_cast<size_t>(rows) * 24) {}

  BatchView view() {
    return {rgb_static.data(),    rgb_gripper.data(), depth_static.data(),
            depth_gripper.data(), robot_obs.data(),   scene_obs.data()};
  }
};

template <typename T>
bool RowIs(const std::vector<T>& batch, int row, const std::vector<T>& single) {
  return std::memcmp(batch.data() + static_cast<size_t>(row) * single.size(), single.data(),
                     single.size() * sizeof(T)) == 0;
}

bool RowIs(const Memory& memory, int row, const Observation& single) {
  return RowIs(memory.rgb_static, row, single.rgb_static) &&
         RowIs(memory.rgb_gripper, row, single.rgb_gripper) &&
         RowIs(memory.depth_static, row, single.depth_static) &&
         RowIs(memory.depth_gripper, row, single.depth_gripper) &&
         RowIs(memory.robot_obs, row, {single.robot_obs.begin(), single.robot_obs.end()}) &&
         RowIs(memory.scene_obs, row, {single.scene_obs.begin(), single.scene_obs.end()});
}

std::vector<int> AllRows(int size) {
  std::vector<int> rows(static_cast<size_t>(size));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

// Resident size of this process, MiB.
double ResidentMib() {
  std::ifstream file("/proc/self/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * 4096 / (1 << 20);
}

TEST_CASE("a batch gives the bits of tabletops of their own, on any number of threads") {
  constexpr int kRows = 5, kSteps = 24;
  std::vector<std::vector<Observation>> expected(kRows);
  for (int row = 0; row < kRows; ++row) {
    Tabletop tabletop(SceneD(), {.depth = true, .render = {}});
    tabletop.ResetFresh(StateOfRow(row));
    for (int step = 0; step < kSteps; ++step) {
      tabletop.world().Step(ActionOf(row, step));
      tabletop.Observe(expected[static_cast<size_t>(row)].emplace_back());
    }
  }
  for (const int threads : {1, 2, 4}) {
    TabletopBatch batch(SceneD(), {.size = kRows, .threads = threads, .render = {}});
    CHECK(batch.threads() == threads);
    for (int row = 0; row < kRows; ++row) batch.ResetFresh(row, StateOfRow(row));
    int different = 0;
    for (int step = 0; step < kSteps; ++step) {
      Memory memory(kRows);
      batch.ForEach(
          AllRows(kRows),
          [&](int row) {
            batch.world(row).Step(ActionOf(row, step));
            return true;
          },
          memory.view());
      for (int row = 0; row < kRows; ++row)
        different += !RowIs(memory, row, expected[static_cast<size_t>(row)][static_cast<size_t>(step)]);
    }
    CHECK(different == 0);
  }
}

TEST_CASE("only the rows that are asked for, and want to, are observed") {
  TabletopBatch batch(SceneD(), {.size = 3, .threads = 2, .render = {}});
  Memory memory(3);
  batch.ForEach(
      std::vector<int>{2, 1}, [](int row) { return row == 2; }, memory.view());
  const auto blank = [&](int row) {
    return RowIs(memory.robot_obs, row, std::vector<double>(15, 0.0)) &&
           RowIs(memory.rgb_static, row, std::vector<uint8_t>(200 * 200 * 3, 0));
  };
  CHECK(blank(0));
  CHECK(blank(1));
  CHECK_FALSE(blank(2));
}

TEST_CASE("64 worlds with their pictures take less than 1 GiB") {
  const TabletopScene& scene = SceneD();
  const double before = ResidentMib();
  TabletopBatch batch(scene, {.size = 64, .threads = 2, .render = {}});
  Memory memory(64);
  for (int step = 0; step < 3; ++step) {
    batch.ForEach(
        AllRows(64),
        [&](int row) {
          if (step == 0) batch.ResetFresh(row, StateOfRow(row));
          batch.world(row).Step(ActionOf(row, step));
          return true;
        },
        memory.view());
  }
  const double grown = ResidentMib() - before;
  WARN(fmt::format("64 worlds: {:.0f} MiB, the scene apart from it: {:.0f} MiB", grown, before));
  CHECK(grown + before < 1024);
}

TEST_CASE("a batch has at least one world and one thread") {
  CHECK_THROWS_AS(TabletopBatch(SceneD(), {.size = 0, .threads = 1, .render = {}}), Error);
  CHECK_THROWS_AS(TabletopBatch(SceneD(), {.size = 1, .threads = -1, .render = {}}), Error);
}

}  // namespace
}  // namespace deerbench
