#include "agent/training/cloning.h"

#include <algorithm>

namespace deerbench {

WindowBatch WindowBatch::To(torch::Device device) const {
  if (device.is_cpu()) return *this;
  const auto move = [&](const torch::Tensor& x) {
    return x.defined() ? x.to(device, /*non_blocking=*/true) : x;
  };
  return {{move(tokens.static_tokens), move(tokens.gripper_tokens)},
          move(robot_obs),
          move(ids),
          move(mask),
          {move(labels.pose), move(labels.gripper), move(labels.weight), move(labels.pose_scale)}};
}

torch::Tensor PooledExits(AgentModel& model, const WindowBatch& batch, int exit_count) {
  const int64_t windows = batch.windows(), steps = batch.steps();
  const torch::Tensor ids = batch.ids.repeat_interleave(steps, 0),
                      mask = batch.mask.repeat_interleave(steps, 0);
  const torch::Tensor media = model->Media(batch.tokens, batch.robot_obs);
  const TextContext context = model->lang_encoder->MakeContext(ids, mask);
  torch::Tensor x = model->lang_encoder->Embed(ids);
  std::vector<torch::Tensor> pooled;
  std::vector<int> exits = model->config.ExitLayers();
  if (exit_count > 0) exits.resize(std::min(exits.size(), static_cast<size_t>(exit_count)));
  for (int layer = 0; layer <= exits.back(); ++layer) {
    x = model->lang_encoder->RunLayer(layer, x, media, context);
    if (layer == exits[pooled.size()]) pooled.push_back(model->Pool(x, mask).view({windows, steps, -1}));
  }
  return torch::stack(pooled);
}

MultiExitLoss CloningLoss(AgentModel& model, const WindowBatch& batch, const ExitSamples& samples,
                          const LossWeights& weights, int exits) {
  return MultiExitLosses(model, PooledExits(model, batch, exits), batch.labels, samples, weights);
}

}  // namespace deerbench
