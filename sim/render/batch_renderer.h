// Draws many pictures side by side: of many worlds, each from any number of cameras, into memory of the
// caller.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "sim/render/renderer.h"

namespace deerbench {

struct RenderJob {
  const SceneState* state = nullptr;
  Camera camera;
  ImageView out;
};

class BatchRenderer {
 public:
  // Throws Error unless there are 1 to 1024 threads.
  BatchRenderer(std::shared_ptr<const RenderScene> scene, const RenderOptions& options, int threads);

  int threads() const { return pool_.size(); }

  // Each picture has the bits that a Renderer of its own would draw, on any number of threads. Consecutive
  // jobs with one state are drawn by one thread, so that what follows from the state is made once. Throws
  // Error as Renderer::Render does, for the first of the jobs that are refused; pictures of others may be
  // drawn by then.
  void Render(std::span<const RenderJob> jobs);

 private:
  std::vector<Renderer> renderers_;  // by thread
  ThreadPool pool_;
};

}  // namespace deerbench
