#include "agent/training/losses.h"

#include "base/error.h"
#include "base/random.h"

namespace deerbench {
namespace {

torch::Tensor Gather(const torch::Tensor& pooled, const torch::Tensor& ordinals) {
  const torch::Tensor index =
      ordinals.unsqueeze(0).unsqueeze(-1).expand({1, ordinals.size(0), ordinals.size(1), pooled.size(-1)});
  return pooled.gather(0, index).squeeze(0);
}

}  // namespace

HeadLoss LossOf(const HeadOutput& output, const ActionLabels& labels, double huber_delta) {
  namespace F = torch::nn::functional;
  torch::Tensor pose = output.pose, wanted = labels.pose;
  if (labels.pose_scale.defined()) {
    pose = pose * labels.pose_scale;
    wanted = wanted * labels.pose_scale;
  }
  const torch::Tensor huber =
      F::huber_loss(pose, wanted, F::HuberLossFuncOptions().reduction(torch::kNone).delta(huber_delta))
          .mean(-1) /
      huber_delta;
  const torch::Tensor entropy = F::binary_cross_entropy_with_logits(
      output.gripper_logit.squeeze(-1), labels.gripper,
      F::BinaryCrossEntropyWithLogitsFuncOptions().reduction(torch::kNone));
  if (!labels.weight.defined()) return {huber.mean(), entropy.mean()};
  const torch::Tensor divisor = labels.weight.sum().clamp_min(1e-6);
  return {(huber * labels.weight).sum() / divisor, (entropy * labels.weight).sum() / divisor};
}

ExitSamples DrawExits(int exits, int64_t windows, int64_t steps, uint64_t seed) {
  SplitMix64 random(seed);
  const auto draw = [&] { return static_cast<int64_t>(random.Below(exits)); };
  ExitSamples samples = {torch::empty({windows, steps}, torch::kInt64),
                         torch::empty({windows, steps}, torch::kInt64)};
  int64_t* scattered = samples.scattered.data_ptr<int64_t>();
  for (int64_t i = 0; i < windows * steps; ++i) scattered[i] = draw();
  const int64_t before = 1 + static_cast<int64_t>(random.Below(steps));
  int64_t* switched = samples.switched.data_ptr<int64_t>();
  for (int64_t b = 0; b < windows; ++b) {
    const int64_t first = draw(), second = draw();
    for (int64_t t = 0; t < steps; ++t) switched[b * steps + t] = t < before ? first : second;
  }
  return samples;
}

MultiExitLoss MultiExitLosses(AgentModel& model, const torch::Tensor& pooled, const ActionLabels& labels,
                              const ExitSamples& samples, const LossWeights& weights) {
  const int64_t exits = pooled.size(0);
  const auto inner = static_cast<int64_t>(model->lm_exit_modules.size());
  Require(exits >= 1 && exits <= inner + 1 && !model->lm_head.is_empty(),
          "training needs the auxiliary heads, one for each exit");
  const auto loss_of = [&](const HeadOutput& output) { return LossOf(output, labels, weights.huber_delta); };
  MultiExitLoss loss;
  for (int64_t i = 0; i < exits; ++i) {
    ActionHead& head = i < inner ? model->lm_exit_modules[i] : model->lm_head;
    const HeadLoss of_exit = loss_of(head->RunWindow(pooled[i]));
    if (i + 1 < exits)
      loss.exits.push_back(of_exit);
    else
      loss.last = of_exit;
  }

  // Both samplings in one batch: the head is the same.
  const int64_t windows = pooled.size(1);
  const HeadOutput both = model->extra_exit->RunWindow(
      torch::cat({Gather(pooled, samples.scattered), Gather(pooled, samples.switched)}));
  const auto half = [&](int64_t begin) {
    return HeadOutput{both.pose.narrow(0, begin, windows), both.gripper_logit.narrow(0, begin, windows)};
  };
  loss.scattered = loss_of(half(0));
  loss.switched = loss_of(half(windows));

  loss.total = loss.last.Sum(weights.gripper) + loss.scattered.Sum(weights.gripper) +
               loss.switched.Sum(weights.gripper);
  for (const HeadLoss& head : loss.exits) loss.total = loss.total + head.Sum(weights.gripper);
  return loss;
}

}  // namespace deerbench
