#include "agent/multi_exit.h"

#include <algorithm>
#include <chrono>

namespace deerbench {

MultiExitRollout::MultiExitRollout(AgentModel model, ExitOptions options)
    : model_(std::move(model)), options_(std::move(options)) {
  options_.Validate(static_cast<int>(model_->lang_encoder->layers.size()));
}

void MultiExitRollout::Reset() {
  state_ = {};
  step_ = 0;
  stage_exit_ = -1;
}

MultiExitRollout::HeadResult MultiExitRollout::RunHead(const torch::Tensor& pooled) {
  HeadState next = state_;
  HeadOutput output = model_->extra_exit->Run(pooled.unsqueeze(1), next);
  return {output, next};
}

ExitStep MultiExitRollout::Step(const torch::Tensor& media, const torch::Tensor& ids,
                                const torch::Tensor& mask) {
  torch::InferenceMode inference;
  const TextContext context = model_->lang_encoder->MakeContext(ids, mask);
  const bool decide = step_ % options_.steps_per_stage == 0;

  ExitStep step;
  torch::Tensor x = model_->lang_encoder->Embed(ids), before, reference;
  for (int layer = 0;; ++layer) {
    before = x;
    const auto start = std::chrono::steady_clock::now();
    x = model_->lang_encoder->RunLayer(layer, x, media, context);
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
    step.llm_ms += elapsed.count();
    const auto exit = std::find(options_.exit_layers.begin(), options_.exit_layers.end(), layer);
    if (exit == options_.exit_layers.end()) continue;
    const bool forced = layer >= options_.max_layer;
    if (!decide && !forced && layer < stage_exit_) continue;

    // The first exit compares with what the layer below it would have done.
    if (decide && !reference.defined()) {
      reference = RunHead(model_->Pool(before, mask)).output.pose;
      ++step.head_evaluations;
    }
    const torch::Tensor pooled = model_->Pool(x, mask);
    HeadResult head = RunHead(pooled);
    ++step.head_evaluations;
    const float probability = torch::sigmoid(head.output.gripper_logit).item<float>();
    const torch::Tensor pose = head.output.pose.flatten().contiguous();
    bool leave = forced || !decide;
    if (decide) {
      ExitProbe probe{.layer = layer, .gripper_probability = probability};
      probe.difference = (head.output.pose - reference).square().mean().sqrt().item<float>();
      std::copy_n(pose.data_ptr<float>(), 6, probe.pose.begin());
      step.probes.push_back(probe);
      reference = head.output.pose;
      const size_t index = exit - options_.exit_layers.begin();
      leave = leave || (index < options_.thresholds.size() && probe.difference <= options_.thresholds[index]);
    }
    if (!leave) continue;

    state_ = head.next;
    pooled_ = pooled;
    step.exit_layer = layer;
    step.gripper_probability = probability;
    for (int i = 0; i < 6; ++i) step.action[i] = static_cast<float>(c10::Half(pose.data_ptr<float>()[i]));
    step.action[6] = probability > 0.5f ? 1.0f : -1.0f;
    break;
  }
  if (decide) stage_exit_ = step.exit_layer;
  ++step_;
  return step;
}

}  // namespace deerbench
