#include "agent/multi_exit.h"

#include <algorithm>
#include <chrono>

namespace deerbench {

MultiExitRollout::MultiExitRollout(AgentModel model, ExitOptions options)
    : model_(std::move(model)),
      walk_(std::move(options), static_cast<int>(model_->lang_encoder->layers.size())) {}

void MultiExitRollout::Reset(uint64_t seed) {
  state_ = {};
  walk_.Reset(seed);
}

void MultiExitRollout::AskHead(Place& place, ExitStep& step) {
  HeadState next = state_;
  HeadOutput output = model_->extra_exit->Run(place.pooled.unsqueeze(1), next);
  ++step.head_evaluations;
  place.pose = output.pose.flatten().contiguous();
  place.gripper_probability = torch::sigmoid(output.gripper_logit).item<float>();
  place.head = HeadResult{std::move(output), std::move(next)};
}

MultiExitRollout::Place MultiExitRollout::Look(const torch::Tensor& x, const torch::Tensor& mask,
                                               ExitStep& step) {
  Place place;
  place.pooled = model_->Pool(x, mask).contiguous();
  if (walk_.reads_features())
    place.reading.features = {place.pooled.data_ptr<float>(), static_cast<size_t>(place.pooled.numel())};
  if (walk_.reads_poses()) {
    AskHead(place, step);
    place.reading.pose = {place.pose.data_ptr<float>(), 6};
    place.reading.gripper_probability = place.gripper_probability;
  }
  return place;
}

ExitStep MultiExitRollout::Step(const torch::Tensor& media, const torch::Tensor& ids,
                                const torch::Tensor& mask) {
  torch::InferenceMode inference;
  const TextContext context = model_->lang_encoder->MakeContext(ids, mask);

  ExitStep step;
  torch::Tensor x = model_->lang_encoder->Embed(ids);
  walk_.Begin();
  for (int layer = 0;; ++layer) {
    if (walk_.NeedsReference(layer)) walk_.SetReference(Look(x, mask, step).reading);
    const auto start = std::chrono::steady_clock::now();
    x = model_->lang_encoder->RunLayer(layer, x, media, context);
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
    step.llm_ms += elapsed.count();
    if (!walk_.MayEnd(layer)) continue;

    Place place = Look(x, mask, step);
    if (walk_.weighs() && !walk_.Weigh(layer, place.reading, step)) continue;
    if (!place.head) AskHead(place, step);
    walk_.End(layer);

    state_ = place.head->next;
    pooled_ = place.pooled;
    step.exit_layer = layer;
    step.gripper_probability = place.gripper_probability;
    std::copy_n(place.pose.data_ptr<float>(), 6, step.pose.begin());
    for (int i = 0; i < 6; ++i) step.action[i] = static_cast<float>(c10::Half(step.pose[i]));
    step.action[6] = place.gripper_probability > 0.5f ? 1.0f : -1.0f;
    return step;
  }
}

}  // namespace deerbench
