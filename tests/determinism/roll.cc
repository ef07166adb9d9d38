// Lets worlds of every scene run for a while and prints a digest of all that happened: states to the last
// bit, pictures, depth and segmentation. What prints the same computes the same.
//
//   sim_roll THREADS
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/sha256.h"
#include "sim/env/start.h"
#include "sim/env/tabletop_batch.h"

namespace deerbench {
namespace {

constexpr int kRows = 4, kSteps = 28;

template <typename T>
void Add(Sha256& digest, std::span<const T> values) {
  digest.Update({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

// Wide swings with closed and open fingers, mostly downwards: blocks, drawer and slider are touched.
RelativeAction ActionOf(int row, int step) {
  SplitMix64 random(static_cast<uint64_t>(1000 * row + step / 6));
  RelativeAction action;
  for (size_t i = 0; i < 6; ++i) action[i] = std::clamp(3 * random.Uniform() - 1.5, -1.0, 1.0);
  action[2] = std::max(-1.0, action[2] - 0.7);
  action[6] = random.Uniform() < 0.5 ? -1 : 1;
  return action;
}

void Roll(const std::string& letter, int threads, Sha256& digest) {
  const TabletopScene scene = LoadTabletopScene(letter, std::getenv("DEERBENCH_SCENES"));
  TabletopBatch batch(scene, {.size = kRows, .threads = threads, .render = {}});
  const std::vector<SymbolicState> conditions = InitialConditions();
  for (int row = 0; row < kRows; ++row)
    batch.ResetFresh(row, StartOf(*scene.model, conditions[static_cast<size_t>(row) * 37]));
  constexpr size_t kStatic = 200 * 200, kGripper = 84 * 84;
  std::vector<uint8_t> rgb_static(kRows * kStatic * 3), rgb_gripper(kRows * kGripper * 3);
  std::vector<float> depth_static(kRows * kStatic), depth_gripper(kRows * kGripper);
  std::vector<double> robot_obs(kRows * 15), scene_obs(kRows * 24);
  std::vector<int> rows(kRows);
  std::iota(rows.begin(), rows.end(), 0);
  for (int step = 0; step < kSteps; ++step) {
    batch.ForEach(rows,
                  [&](int row) {
                    batch.world(row).Step(ActionOf(row, step));
                    return true;
                  },
                  {rgb_static.data(), rgb_gripper.data(), depth_static.data(), depth_gripper.data(),
                   robot_obs.data(), scene_obs.data()});
    Add<uint8_t>(digest, rgb_static);
    Add<uint8_t>(digest, rgb_gripper);
    Add<float>(digest, depth_static);
    Add<float>(digest, depth_gripper);
    Add<double>(digest, robot_obs);
    Add<double>(digest, scene_obs);
  }
  Renderer renderer(scene.render);
  std::vector<int32_t> segmentation(kStatic);
  for (int row = 0; row < kRows; ++row) {
    const Snapshot snapshot = batch.world(row).Save();
    Add<double>(digest, snapshot.state.values);
    Add<std::byte>(digest, snapshot.contacts.bytes);
    renderer.Render(batch.world(row).scene_state(), scene.model->static_camera(),
                    {.segmentation = segmentation.data()});
    Add<int32_t>(digest, segmentation);
  }
}

}  // namespace
}  // namespace deerbench

int main(int argc, char** argv) {
  try {
    deerbench::Sha256 digest;
    for (const char* letter : {"A", "B", "C", "D"})
      deerbench::Roll(letter, argc > 1 ? std::atoi(argv[1]) : 1, digest);
    std::printf("%s\n", digest.HexDigest().c_str());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sim_roll: %s\n", error.what());
    return 1;
  }
}
