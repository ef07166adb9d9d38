#include "agent/training/optimizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace deerbench {

double LearningRate(const OptimizerConfig& config, int step) {
  if (step < config.warmup_steps) return config.learning_rate * (step + 1) / config.warmup_steps;
  const double span = std::max(1, config.steps - config.warmup_steps);
  const double progress = std::min(1.0, (step - config.warmup_steps) / span);
  const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * progress));
  return config.learning_rate * (config.final_fraction + (1 - config.final_fraction) * cosine);
}

bool IsMatrix(const FlatParameters::Slice& slice) {
  return slice.shape.size() >= 2 && slice.name.ends_with("weight") &&
         slice.name.find("wte") == std::string::npos;
}

Optimizer::Optimizer(FlatParameters& parameters, const OptimizerConfig& config,
                     const std::function<bool(const FlatParameters::Slice&)>& decays)
    : parameters_(parameters), config_(config) {
  decay_ = torch::zeros_like(parameters.values);
  for (const auto& slice : parameters.slices())
    if (decays(slice)) decay_.narrow(0, slice.begin, slice.size).fill_(1);
  first_ = torch::zeros_like(parameters.values);
  second_ = torch::zeros_like(parameters.values);
  if (config_.average_decay > 0) average_ = torch::zeros_like(parameters.values);
}

double Optimizer::Step() {
  torch::NoGradGuard no_grad;
  torch::Tensor& gradients = parameters_.gradients;
  const double norm = gradients.norm().item<double>();
  if (!std::isfinite(norm))
    Fail(fmt::format("training diverged: the gradient's norm is {} at step {}", norm, step_));
  if (config_.max_gradient_norm > 0 && norm > config_.max_gradient_norm)
    gradients.mul_(config_.max_gradient_norm / (norm + 1e-6));
  const double rate = LearningRate(config_, step_);
  ++step_;
  first_.lerp_(gradients, 1 - config_.beta1);
  second_.mul_(config_.beta2).addcmul_(gradients, gradients, 1 - config_.beta2);
  const double first_scale = 1 / (1 - std::pow(config_.beta1, step_));
  const double second_scale = 1 / (1 - std::pow(config_.beta2, step_));
  parameters_.values.addcmul_(parameters_.values, decay_, -rate * config_.weight_decay);
  parameters_.values.addcdiv_(first_, (second_ * second_scale).sqrt_().add_(config_.epsilon),
                              -rate * first_scale);
  if (average_.defined()) average_.lerp_(parameters_.values, 1 - config_.average_decay);
  gradients.zero_();
  return norm;
}

torch::Tensor Optimizer::Averaged() const {
  if (!average_.defined() || step_ == 0) return parameters_.values;
  return average_ / (1 - std::pow(config_.average_decay, step_));
}

std::map<std::string, torch::Tensor> Optimizer::Tensors() const {
  std::map<std::string, torch::Tensor> tensors = {
      {"values", parameters_.values}, {"first", first_}, {"second", second_}};
  if (average_.defined()) tensors["average"] = average_;
  return tensors;
}

void Optimizer::Restore(const std::map<std::string, torch::Tensor>& tensors, int step) {
  torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : Tensors()) {
    const auto it = tensors.find(name);
    if (it == tensors.end() || it->second.sizes() != tensor.sizes())
      Fail(fmt::format("training state lacks '{}' or has it in another size", name));
    torch::Tensor target = tensor;
    target.copy_(it->second);
  }
  step_ = step;
}

}  // namespace deerbench
