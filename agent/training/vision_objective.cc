#include "agent/training/vision_objective.h"

#include <algorithm>

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

struct LandmarkLoss {
  torch::Tensor total, error;  // nats; cells, detached
};

// Cross-entropy of the first slots' attention with a point that is shared among the four cells around it.
LandmarkLoss Landmarks(ConvCameraEncoder& camera, const torch::Tensor& features,
                       const torch::Tensor& places) {
  const int64_t grid = features.size(-1);
  const int64_t slots = std::min<int64_t>(camera->config.slots, places.size(1));
  const torch::Tensor attention = camera->Attention(features).narrow(1, 0, slots);  // (N, L, G * G)
  const torch::Tensor at = places.narrow(1, 0, slots);
  const torch::Tensor column = at.select(2, 0).clamp(0, grid - 1.001),
                      row = at.select(2, 1).clamp(0, grid - 1.001);
  const torch::Tensor seen = at.select(2, 2), count = seen.sum().clamp_min(1);
  const torch::Tensor logs = (attention + 1e-8).log();
  torch::Tensor entropy = torch::zeros_like(seen);
  for (const int dy : {0, 1}) {
    for (const int dx : {0, 1}) {
      const torch::Tensor x = (column.floor() + dx).clamp_max(grid - 1),
                          y = (row.floor() + dy).clamp_max(grid - 1);
      const torch::Tensor share = (1 - (column - x).abs()).clamp_min(0) * (1 - (row - y).abs()).clamp_min(0);
      const torch::Tensor cell = (y * grid + x).to(torch::kInt64).unsqueeze(2);
      entropy = entropy - share * logs.gather(2, cell).squeeze(2);
    }
  }
  const torch::Tensor total = (entropy * seen).sum() / count;
  torch::NoGradGuard no_grad;
  const torch::Tensor looked =
      attention.matmul(camera->coordinates).add(1).mul(0.5 * (grid - 1));  // (N, L, 2)
  const torch::Tensor off = (looked - torch::stack({column, row}, 2)).square().sum(2).sqrt();
  return {total, (off * seen).sum() / count};
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

VisionLoss VisionProbeImpl::Loss(const VisionFrames& frames, const VisionTargets& targets,
                                 const VisionWeights& weights) {
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
               weights.flags * F::binary_cross_entropy_with_logits(flags, targets.flags);
  torch::Tensor wrong_cells = torch::zeros({}, predicted.options());
  if (weights.classes > 0) {
    const torch::Tensor s = static_classes(static_features), g = gripper_classes(gripper_features);
    loss.total = loss.total + weights.classes * (F::cross_entropy(s, targets.static_classes) +
                                                 F::cross_entropy(g, targets.gripper_classes));
    torch::NoGradGuard no_grad;
    wrong_cells = 0.5 * (s.argmax(1).ne(targets.static_classes).to(torch::kFloat32).mean() +
                         g.argmax(1).ne(targets.gripper_classes).to(torch::kFloat32).mean());
  }
  loss.landmark_error = torch::zeros({}, predicted.options());
  if (weights.landmarks > 0) {
    const LandmarkLoss fixed = Landmarks(encoder->static_camera, static_features, targets.static_landmarks);
    const LandmarkLoss moving =
        Landmarks(encoder->gripper_camera, gripper_features, targets.gripper_landmarks);
    loss.total = loss.total + weights.landmarks * (fixed.total + moving.total);
    loss.landmark_error = fixed.error;
  }
  torch::NoGradGuard no_grad;
  loss.number_errors = ((predicted - targets.numbers).abs() * weight).sum(0) / weight.sum(0).clamp_min(1e-6);
  loss.flag_error = flags.gt(0).ne(targets.flags.gt(0.5)).to(torch::kFloat32).mean();
  loss.class_error = wrong_cells;
  return loss;
}

}  // namespace deerbench
