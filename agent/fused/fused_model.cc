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

const AgentConfig& Checked(const AgentConfig& config) {
  config.Validate();
  return config;
}

constexpr const char* kEmbedding = "lang_encoder.transformer.wte.weight";

std::vector<int64_t> EmbeddingShape(const AgentConfig& config) {
  return {config.language.vocab_size, config.language.width};
}

// To half precision and back, as the official agent rounds its actions.
float RoundToHalf(float value) { return _cvtsh_ss(_cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT)); }

}  // namespace

double WallClockMs() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

FusedModel::FusedModel(const AgentConfig& config, const std::filesystem::path& file, ExitOptions exits,
                       const FusedOptions& options)
    : config_(Checked(config)), walk_(std::move(exits), config.language.layers), options_(options) {
  workers_ = std::make_unique<Workers>(options_.threads);
  weights_ = std::make_unique<WeightReader>(file);
  WeightReader& weights = *weights_;
  weights.StoreAs(options_.precision.vision);
  const VisionConfig& vision = config_.vision;
  int tokens = vision.patches();
  if (vision.kind == VisionKind::kClip) {
    clip_ = std::make_unique<ClipEncoder>(config_, weights);
  } else {
    static_camera_ =
        std::make_unique<CameraEncoder>(vision, vision.static_camera, "vision_encoder.static", weights);
    gripper_camera_ =
        std::make_unique<CameraEncoder>(vision, vision.gripper_camera, "vision_encoder.gripper", weights);
    static_tokens_ = Matrix(static_camera_->slots(), vision.width);
    gripper_tokens_ = Matrix(gripper_camera_->slots(), vision.width);
    tokens = std::max(static_camera_->slots(), gripper_camera_->slots());
  }
  resampler_ = std::make_unique<Resampler>(config_, tokens, weights);
  if (config_.state.use_state)
    state_map_ = weights.ReadLinear("state_encoder.fc", vision.width, kRobotObsSize, true);
  state_ = Matrix(1, kRobotObsSize);
  media_ = Matrix(config_.MediaTokens(), vision.width);

  const int d = config_.language.width;
  weights.ReadRow(kEmbedding, EmbeddingShape(config_), 0);  // it is there
  weights.StoreAs(options_.precision.llm);
  for (int i = 0; i <= this->exits().LastLayer(); ++i) layers_.emplace_back(config_, i, weights);
  weights.StoreAs(options_.precision.head);
  head_ = std::make_unique<ActionHead>(config_, "extra_exit", weights);
  history_ = head_->MakeState();
  next_ = head_->MakeState();
  pooled_ = Matrix(1, d);

  // Heads that only training uses, norms and a projection that are never applied, layers behind the last
  // exit.
  std::vector<std::string> ignored = {"lm_head.", "lm_exit_modules.", "lang_encoder.transformer.ln_f.",
                                      "vision_encoder.visual.ln_post.", "vision_encoder.visual.proj"};
  for (int i = this->exits().LastLayer() + 1; i < config_.language.layers; ++i)
    ignored.push_back(fmt::format("lang_encoder.transformer.blocks.{}.", i));
  weights.RequireAllRead(ignored);
}

void FusedModel::set_exits(ExitOptions exits) { walk_ = ExitWalk(std::move(exits), layers()); }

void FusedModel::Reset(uint64_t seed) {
  history_.Clear();
  walk_.Reset(seed);
}

void FusedModel::SetPrompt(const std::vector<int>& ids) {
  Require(!ids.empty(), "the prompt has no tokens, expected at least one");
  for (const int id : ids) {
    if (id < 0 || id >= config_.language.vocab_size)
      Fail(fmt::format("the prompt has token {}, expected 0 to {}", id, config_.language.vocab_size - 1));
  }
  text_.emplace(config_, ids);
  embedded_ = Matrix(text_->tokens, config_.language.width);
  x_ = Matrix(text_->tokens, config_.language.width);
  for (int i = 0; i < text_->tokens; ++i) {
    const std::vector<float> row = weights_->ReadRow(kEmbedding, EmbeddingShape(config_), ids[i]);
    std::copy(row.begin(), row.end(), embedded_.row(i));
  }
}

void FusedModel::Perceive(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb,
                          std::span<const double> robot_obs, FusedStep& step) {
  const int latents = config_.perceiver.latents;
  if (clip_) {
    {
      const Stopwatch watch(clock_, step.times.vision);
      clip_->Run(static_rgb, gripper_rgb, workers_.get());
    }
    const Stopwatch watch(clock_, step.times.resampler);
    for (int picture = 0; picture < 2; ++picture) {
      resampler_->Run(clip_->tokens(picture), clip_->stride(), clip_->patches(), media_, picture * latents,
                      workers_.get());
    }
    step.macs.vision = clip_->macs();
    step.macs.resampler = 2 * resampler_->macs(clip_->patches());
  } else {
    CheckPicture("static", static_rgb, config_.vision.static_camera);
    CheckPicture("gripper", gripper_rgb, config_.vision.gripper_camera);
    {
      const Stopwatch watch(clock_, step.times.vision);
      static_camera_->Run(static_rgb.data(), static_tokens_);
      gripper_camera_->Run(gripper_rgb.data(), gripper_tokens_);
    }
    const Stopwatch watch(clock_, step.times.resampler);
    resampler_->Run(static_tokens_.row(0), static_tokens_.stride(), static_camera_->slots(), media_, 0,
                    workers_.get());
    resampler_->Run(gripper_tokens_.row(0), gripper_tokens_.stride(), gripper_camera_->slots(), media_,
                    latents, workers_.get());
    step.macs.vision = static_camera_->macs() + gripper_camera_->macs();
    step.macs.resampler =
        resampler_->macs(static_camera_->slots()) + resampler_->macs(gripper_camera_->slots());
  }
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
  step.macs.head += head_->macs();
  ++step.exit.head_evaluations;
  return head_->Run(pooled_.row(0), history_, next_, workers_.get());
}

std::optional<HeadOutput> FusedModel::Look(FusedStep& step, ExitReading& reading) {
  {
    const Stopwatch watch(clock_, step.times.head);
    MaxPool(x_, text_->tokens, pooled_.row(0));
  }
  reading = {};
  if (walk_.reads_features())
    reading.features = {pooled_.row(0), static_cast<size_t>(config_.language.width)};
  if (!walk_.reads_poses()) return std::nullopt;
  const HeadOutput head = RunHead(step);
  pose_ = head.pose;
  reading.pose = pose_;
  reading.gripper_probability = head.gripper_probability;
  return head;
}

FusedStep FusedModel::Step(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb,
                           std::span<const double> robot_obs) {
  Require(text_.has_value(), "the agent has no prompt, expected one before its first step");
  FusedStep result;
  Perceive(static_rgb, gripper_rgb, robot_obs, result);
  std::copy_n(embedded_.row(0), static_cast<size_t>(text_->tokens) * embedded_.stride(), x_.row(0));

  ExitStep& step = result.exit;
  ExitReading reading;
  walk_.Begin();
  for (int layer = 0;; ++layer) {
    if (walk_.NeedsReference(layer)) {
      Look(result, reading);
      walk_.SetReference(reading);
    }
    {
      const Stopwatch watch(clock_, result.times.language);
      layers_[layer].Run(x_, media_, *text_, workers_.get());
    }
    ++result.layers_run;
    result.macs.llm += layers_[layer].macs(text_->tokens, media_.rows());
    if (!walk_.MayEnd(layer)) continue;

    std::optional<HeadOutput> head = Look(result, reading);
    result.exit_times.push_back(
        {.layer = layer, .language_ms = result.times.language, .head_ms = result.times.head});
    if (walk_.weighs() && !walk_.Weigh(layer, reading, step)) continue;
    if (!head) head = RunHead(result);
    walk_.End(layer);

    std::swap(history_, next_);
    step.exit_layer = layer;
    step.gripper_probability = head->gripper_probability;
    step.pose = head->pose;
    step.llm_ms = result.times.language;
    for (int i = 0; i < 6; ++i) step.action[i] = RoundToHalf(head->pose[i]);
    step.action[6] = head->gripper_probability > 0.5f ? 1.0f : -1.0f;
    return result;
  }
}

size_t FusedModel::language_bytes() const {
  size_t total = 0;
  for (const LanguageLayer& layer : layers_) total += layer.bytes();
  return total;
}

size_t FusedModel::total_bytes() const {
  size_t total = language_bytes() + resampler_->bytes() + head_->bytes();
  if (clip_) total += clip_->bytes();
  if (static_camera_) total += static_camera_->bytes() + gripper_camera_->bytes();
  if (state_map_) total += state_map_->bytes();
  return total;
}

size_t FusedModel::embedding_bytes() const {
  return sizeof(float) * static_cast<size_t>(config_.language.vocab_size) * config_.language.width;
}

}  // namespace deerbench::fused
