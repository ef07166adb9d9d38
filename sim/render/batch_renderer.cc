#include "sim/render/batch_renderer.h"

namespace deerbench {

BatchRenderer::BatchRenderer(std::shared_ptr<const RenderScene> scene, const RenderOptions& options,
                             int threads)
    : pool_(threads) {
  for (int i = 0; i < pool_.size(); ++i) renderers_.emplace_back(scene, options);
}

void BatchRenderer::Render(std::span<const RenderJob> jobs) {
  std::vector<size_t> starts;  // of runs of jobs with one state
  for (size_t i = 0; i < jobs.size(); ++i) {
    if (i == 0 || jobs[i].state != jobs[i - 1].state) starts.push_back(i);
  }
  const auto num_runs = static_cast<int>(starts.size());
  starts.push_back(jobs.size());
  pool_.Run(num_runs, [&](int run, int thread) {
    const auto first = starts[static_cast<size_t>(run)], last = starts[static_cast<size_t>(run) + 1];
    for (const RenderJob& job : jobs.subspan(first, last - first))
      renderers_[static_cast<size_t>(thread)].Render(*job.state, job.camera, job.out);
  });
}

}  // namespace deerbench
