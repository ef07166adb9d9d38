#include "agent/fused/fused_model.h"

#include <fmt/format.h>
#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <string>

#include "base/error.h"

namespace deerbench::fused {
namespace {

// Adds the time that it lives to a sum.
class Stopwatch {
 public:
  Stopwatch(ClockMs clock, double& total_ms) : clock_(clock), total_ms_(total_ms), start_ms_(clock()) {}
  ~Stopwatch() { total_ms_ += clock_() - start_ms_; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  ClockMs clock_;
  double& total_ms_;
  double start_ms_;
};

void CheckPicture(const char* name, std::span<const uint8_t> rgb, const ConvCameraConfig& camera) {
  const size_t size = camera.picture_size();
  if (rgb.size() != size * size * 3) {
    Fail(fmt::format("{} picture has {} bytes, expected {}: {} x {} pixels of 3", name, rgb.size(),
                     size * size * 3, size, size));
  }
}

// To half precision and back, as the official agent rounds its actions.
float RoundToHalf(float value) { return _cvtsh_ss(_cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT)); }

}  // namespace

double WallClockMs() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

FusedModel::FusedModel(const AgentConfig& config, const std::filesystem::path& file, ExitOptions exits)
    : config_(config), exits_(std::move(exits)) {
  config_.Validate();
  exits_.Validate(config_.language.layers);
  Require(config_.vision.kind == VisionKind::kConv,
          "the fused path needs an agent whose 'vision.kind' is conv");
  WeightReader weights(file);
  const VisionConfig& vision = config_.vision;
  static_camera_ =
      std::make_unique<CameraEncoder>(vision, vision.static_camera, "vision_encoder.static", weights);
  gripper_camera_ =
      std::make_unique<CameraEncoder>(vision, vision.gripper_camera, "vision_encoder.gripper", weights);
  static_tokens_ = Matrix(static_camera_->slots(), vision.width);
  gripper_tokens_ = Matrix(gripper_camera_->slots(), vision.width);
  resampler_ = std::make_unique<Resampler>(
      config_, std::max(static_camera_->slots(), gripper_camera_->slots()), weights);
  if (config_.state.use_state)
    state_map_ = weights.ReadLinear("state_encoder.fc", vision.width, kRobotObsSize, true);
  state_ = Matrix(1, kRobotObsSize);
  media_ = Matrix(config_.MediaTokens(), vision.width);

  const int d = config_.language.width, vocab = config_.language.vocab_size;
  embedding_ = Matrix(vocab, d);
  const std::vector<float> wte = weights.Read("lang_encoder.transformer.wte.weight", {vocab, d});
  for (int i = 0; i < vocab; ++i)
    std::copy_n(wte.begin() + static_cast<ptrdiff_t>(i) * d, d, embedding_.row(i));
  for (int i = 0; i <= exits_.LastLayer(); ++i) layers_.emplace_back(config_, i, weights);
  head_ = std::make_unique<ActionHead>(config_, "extra_exit", weights);
  history_ = head_->MakeState();
  next_ = head_->MakeState();
  pooled_ = Matrix(1, d);

  // Heads that only training uses, the norm that is never applied, layers behind the last exit.
  std::vector<std::string> ignored = {"lm_head.", "lm_exit_modules.", "lang_encoder.transformer.ln_f."};
  for (int i = exits_.LastLayer() + 1; i < config_.language.layers; ++i)
    ignored.push_back(fmt::format("lang_encoder.transformer.blocks.{}.", i));
  weights.RequireAllRead(ignored);
}

void FusedModel::Reset() {
  history_.Clear();
  step_ = 0;
  stage_exit_ = -1;
}

void FusedModel::SetPrompt(const std::vector<int>& ids) {
  Require(!ids.empty(), "the prompt has no tokens, expected at least one");
  for (const int id : ids) {
    if (id < 0 || id >= embedding_.rows())
      Fail(fmt::format("the prompt has token {}, expected 0 to {}", id, embedding_.rows() - 1));
  }
  text_.emplace(config_, ids);
  embedded_ = Matrix(text_->tokens, config_.language.width);
  x_ = Matrix(text_->tokens, config_.language.width);
  for (int i = 0; i < text_->tokens; ++i)
    std::copy_n(embedding_.row(ids[i]), embedding_.stride(), embedded_.row(i));
}

void FusedModel::Perceive(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb,
                          std::span<const double> robot_obs, FusedStep& step) {
  CheckPicture("static", static_rgb, config_.vision.static_camera);
  CheckPicture("gripper", gripper_rgb, config_.vision.gripper_camera);
  {
    const Stopwatch watch(clock_, step.times.vision);
    static_camera_->Run(static_rgb.data(), static_tokens_);
    gripper_camera_->Run(gripper_rgb.data(), gripper_tokens_);
  }
  const Stopwatch watch(clock_, step.times.resampler);
  const int latents = config_.perceiver.latents;
  resampler_->Run(static_tokens_, static_camera_->slots(), media_, 0);
  resampler_->Run(gripper_tokens_, gripper_camera_->slots(), media_, latents);
  step.macs.vision = static_camera_->macs() + gripper_camera_->macs();
  step.macs.resampler =
      resampler_->macs(static_camera_->slots()) + resampler_->macs(gripper_camera_->slots());
  if (!state_map_) return;
  if (robot_obs.size() != kRobotObsSize)
    Fail(fmt::format("robot_obs has {} numbers, expected {}", robot_obs.size(), kRobotObsSize));
  for (int i = 0; i < kRobotObsSize; ++i) {
    const StateConfig& s = config_.state;
    float from_mean = static_cast<float>(robot_obs[i]) - static_cast<float>(s.mean[i]);
    if (std::find(s.angles.begin(), s.angles.end(), i) != s.angles.end()) {
      constexpr float kTurn = 2 * std::numbers::pi_v<float>, kPerTurn = 0.5f * std::numbers::inv_pi_v<float>;
      from_mean -= kTurn * std::nearbyint(from_mean * kPerTurn);
    }
    state_.row(0)[i] = from_mean * static_cast<float>(1.0 / s.scale[i]);
  }
  Multiply(state_.row(0), state_.stride(), 1, *state_map_, media_.row(2 * latents), media_.stride());
  step.macs.state = uint64_t{1} * kRobotObsSize * config_.vision.width;
}

HeadOutput FusedModel::RunHead(FusedStep& step) {
  const Stopwatch watch(clock_, step.times.head);
  MaxPool(x_, text_->tokens, pooled_.row(0));
  step.macs.head += head_->macs();
  return head_->Run(pooled_.row(0), history_, next_);
}

FusedStep FusedModel::Step(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb,
                           std::span<const double> robot_obs) {
  Require(text_.has_value(), "the agent has no prompt, expected one before its first step");
  FusedStep result;
  Perceive(static_rgb, gripper_rgb, robot_obs, result);
  std::copy_n(embedded_.row(0), static_cast<size_t>(text_->tokens) * embedded_.stride(), x_.row(0));

  const bool decide = step_ % exits_.steps_per_stage == 0;
  ExitStep& step = result.exit;
  std::optional<HeadOutput> reference;
  for (int layer = 0;; ++layer) {
    // The first exit compares with what the layer below it would have done.
    if (decide && layer == exits_.exit_layers.front()) reference = RunHead(result);
    {
      const Stopwatch watch(clock_, result.times.language);
      layers_[layer].Run(x_, media_, *text_);
    }
    ++result.layers_run;
    result.macs.llm += layers_[layer].macs(text_->tokens, media_.rows());
    const auto exit = std::find(exits_.exit_layers.begin(), exits_.exit_layers.end(), layer);
    if (exit == exits_.exit_layers.end()) continue;
    const bool forced = layer >= exits_.max_layer;
    if (!decide && !forced && layer < stage_exit_) continue;

    const HeadOutput head = RunHead(result);
    bool leave = forced || !decide;
    if (decide) {
      float sum = 0;
      for (int i = 0; i < 6; ++i) {
        const float change = head.pose[i] - reference->pose[i];
        sum += change * change;
      }
      step.probes.push_back({.layer = layer,
                             .difference = std::sqrt(sum / 6),
                             .pose = head.pose,
                             .gripper_probability = head.gripper_probability});
      reference = head;
      const size_t index = exit - exits_.exit_layers.begin();
      leave = leave ||
              (index < exits_.thresholds.size() && step.probes.back().difference <= exits_.thresholds[index]);
    }
    if (!leave) continue;

    std::swap(history_, next_);
    step.exit_layer = layer;
    step.gripper_probability = head.gripper_probability;
    for (int i = 0; i < 6; ++i) step.action[i] = RoundToHalf(head.pose[i]);
    step.action[6] = head.gripper_probability > 0.5f ? 1.0f : -1.0f;
    break;
  }
  if (decide) stage_exit_ = step.exit_layer;
  ++step_;
  return result;
}

size_t FusedModel::language_bytes() const {
  size_t total = static_cast<size_t>(embedding_.rows()) * embedding_.stride() * sizeof(float);
  for (const LanguageLayer& layer : layers_) total += layer.bytes();
  return total;
}

size_t FusedModel::total_bytes() const {
  return language_bytes() + static_camera_->bytes() + gripper_camera_->bytes() + resampler_->bytes() +
         (state_map_ ? state_map_->bytes() : 0) + head_->bytes();
}

}  // namespace deerbench::fused
