#include "agent/training/vision_objective.h"

namespace deerbench {
namespace {

constexpr double kHuberDelta = 0.1;  // scaled units: 2 cm of a block's position

// Whether convolutions are faster in bfloat16 here. Without instructions for it the CPU would emulate them.
bool HasFastBfloat16(torch::Device device) {
  return device.is_cuda() || (device.is_cpu() && __builtin_cpu_supports("avx512bf16"));
}

// ConvCameraEncoder::Features, where it pays with bfloat16 products of single-precision weights: what is
// learnt is used in single precision.
torch::Tensor Features(ConvCameraEncoder& camera, const torch::Tensor& images) {
  if (!HasFastBfloat16(images.device())) return camera->Features(images);
  torch::Tensor x = images.to(torch::kBFloat16).contiguous(torch::MemoryFormat::ChannelsLast);
  for (const auto& convolution : camera->convolutions) {
    const auto& options = convolution->options;
    const int64_t padding = options.kernel_size()->at(0) / 2;
    x = torch::relu(torch::conv2d(x, convolution->weight.to(torch::kBFloat16),
                                  convolution->bias.to(torch::kBFloat16), options.stride(), padding));
  }
  return x.to(torch::kFloat32).contiguous();
}

}  // namespace

torch::Tensor NormaliseHalved(const torch::Tensor& pictures, const VisionConfig& config) {
  return pictures.permute({0, 3, 1, 2})
      .to(torch::kFloat32, /*non_blocking=*/false, /*copy=*/false, torch::MemoryFormat::Contiguous)
      .mul_(1.0 / (255 * config.pixel_std))
      .sub_(config.pixel_mean / config.pixel_std);
}

VisionProbeImpl::VisionProbeImpl(const AgentConfig& agent, ConvEncoder encoder_in, int numbers_in, int flags,
                                 int classes, int hidden)
    : config(agent.vision), numbers(numbers_in) {
  encoder = register_module("encoder", std::move(encoder_in));
  int inputs = (config.static_camera.slots + config.gripper_camera.slots) * config.width;
  if (agent.state.use_state) {
    state = register_module("state", StateEncoder(agent.state, 1));
    inputs += kRobotObsSize;
  }
  head = register_module(
      "head", torch::nn::Sequential(torch::nn::Linear(inputs, hidden),
                                    torch::nn::LayerNorm(torch::nn::LayerNormOptions({hidden})),
                                    torch::nn::GELU(), torch::nn::Linear(hidden, hidden), torch::nn::GELU(),
                                    torch::nn::Linear(hidden, numbers + flags)));
  const auto classifier = [&](const ConvCameraConfig& camera) {
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(camera.features(), classes, 1));
  };
  static_classes = register_module("static_classes", classifier(config.static_camera));
  gripper_classes = register_module("gripper_classes", classifier(config.gripper_camera));
}

VisionLoss VisionProbeImpl::Loss(const VisionFrames& frames, const VisionTargets& targets, double flag_weight,
                                 double class_weight) {
  namespace F = torch::nn::functional;
  const torch::Tensor static_features =
      Features(encoder->static_camera, NormaliseHalved(frames.static_images, config));
  const torch::Tensor gripper_features =
      Features(encoder->gripper_camera, NormaliseHalved(frames.gripper_images, config));
  std::vector<torch::Tensor> inputs = {encoder->static_camera->Tokens(static_features).flatten(1),
                                       encoder->gripper_camera->Tokens(gripper_features).flatten(1)};
  if (state) inputs.push_back(state->Normalise(frames.robot_obs));
  const torch::Tensor read = head->forward(torch::cat(inputs, 1));
  const torch::Tensor predicted = read.narrow(1, 0, numbers);
  const torch::Tensor flags = read.narrow(1, numbers, read.size(1) - numbers);

  const torch::Tensor weight = targets.number_weights;
  const torch::Tensor huber =
      F::huber_loss(predicted, targets.numbers,
                    F::HuberLossFuncOptions().reduction(torch::kNone).delta(kHuberDelta)) /
      kHuberDelta;
  VisionLoss loss;
  loss.total = (huber * weight).sum() / weight.sum().clamp_min(1) +
               flag_weight * F::binary_cross_entropy_with_logits(flags, targets.flags);
  torch::Tensor wrong_cells = torch::zeros({}, predicted.options());
  if (class_weight > 0) {
    const torch::Tensor s = static_classes(static_features), g = gripper_classes(gripper_features);
    loss.total = loss.total + class_weight * (F::cross_entropy(s, targets.static_classes) +
                                              F::cross_entropy(g, targets.gripper_classes));
    torch::NoGradGuard no_grad;
    wrong_cells = 0.5 * (s.argmax(1).ne(targets.static_classes).to(torch::kFloat32).mean() +
                         g.argmax(1).ne(targets.gripper_classes).to(torch::kFloat32).mean());
  }
  torch::NoGradGuard no_grad;
  loss.number_errors = ((predicted - targets.numbers).abs() * weight).sum(0) / weight.sum(0).clamp_min(1e-6);
  loss.flag_error = flags.gt(0).ne(targets.flags.gt(0.5)).to(torch::kFloat32).mean();
  loss.class_error = wrong_cells;
  return loss;
}

}  // namespace deerbench
