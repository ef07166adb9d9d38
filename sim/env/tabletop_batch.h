// Many worlds of one scene, stepped and drawn side by side on threads of our own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "sim/env/tabletop.h"

namespace deerbench {

// Where a batch is observed: row-major arrays with one row a world. A null array is not computed.
struct BatchView {
  uint8_t* rgb_static = nullptr;   // (size, 200, 200, 3) sRGB
  uint8_t* rgb_gripper = nullptr;  // (size, 84, 84, 3)
  float* depth_static = nullptr;   // (size, 200, 200) m
  float* depth_gripper = nullptr;  // (size, 84, 84) m
  double* robot_obs = nullptr;     // (size, 15)
  double* scene_obs = nullptr;     // (size, 24)
};

struct TabletopBatchOptions {
  int size = 1;                         // worlds
  int threads = 0;                      // 0: as many as this process has cores
  std::optional<RenderOptions> render;  // the scene's own look if not given
};

// Each world gives the same bits as a Tabletop of its own, on any number of threads: worlds share only what
// never changes, and a thread's renderer remembers nothing that shows.
class TabletopBatch {
 public:
  // Throws Error unless there are 1 to 65536 worlds.
  TabletopBatch(TabletopScene scene, const TabletopBatchOptions& options);

  int size() const { return static_cast<int>(worlds_.size()); }
  int threads() const { return pool_.size(); }
  const TabletopScene& scene() const { return scene_; }
  World& world(int row) { return *worlds_[static_cast<size_t>(row)]; }
  const World& world(int row) const { return *worlds_[static_cast<size_t>(row)]; }

  // Replaces a world by a fresh one in the given state.
  void ResetFresh(int row, const InitialState& state);

  // For each of `rows`, in this order and none twice, on whichever thread is free: calls work(row), which may
  // change that row's world alone, and if it returns true observes the world into its row of `out`. Errors as
  // in ThreadPool::Run.
  void ForEach(std::span<const int> rows, const std::function<bool(int row)>& work, const BatchView& out);

 private:
  void Observe(int row, Renderer& renderer, const BatchView& out) const;

  TabletopScene scene_;
  std::vector<std::unique_ptr<World>> worlds_;
  std::vector<Renderer> renderers_;  // by thread
  ThreadPool pool_;
};

}  // namespace deerbench
