#include "agent/cuda/cuda_model.h"

#include <fmt/format.h>
#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <string>

#include "base/error.h"

namespace deerbench::cuda {
namespace {

constexpr int kUsualTokens = 32;

// The kernels' part of a criterion.
ExitMeasure MeasureOf(const std::string& criterion, bool reads_poses, bool reads_features) {
  if (criterion == "action") return ExitMeasure::kPoseRootMeanSquare;
  if (criterion == "action-mean") return ExitMeasure::kPoseMean;
  if (criterion == "action-max") return ExitMeasure::kPoseLargest;
  if (criterion == "action-cosine") return ExitMeasure::kPoseTurn;
  if (criterion != "feature" && (reads_poses || reads_features))
    Fail(
        fmt::format("criterion: '{}', expected one that the backend cuda has a kernel for, or that looks at "
                    "neither poses nor features",
                    criterion));
  return ExitMeasure::kNone;
}

void CheckHeads(const char* field, int head_dim) {
  if (head_dim > kMaxHeadDim)
    Fail(fmt::format("{}: attention heads of {}, expected at most {} on the backend cuda", field, head_dim,
                     kMaxHeadDim));
}

// To half precision and back, as the official agent rounds its actions.
float RoundToHalf(float value) { return _cvtsh_ss(_cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT)); }

double Milliseconds(uint64_t from_ns, uint64_t to_ns) {
  return to_ns > from_ns ? static_cast<double>(to_ns - from_ns) * 1e-6 : 0;
}

}  // namespace

CudaModel::CudaModel(const AgentConfig& config, const std::filesystem::path& file, ExitOptions exits,
                     std::unique_ptr<Queue> queue, const WeightTypes& types)
    : config_(config),
      walk_(std::move(exits), config.language.layers),
      measure_(MeasureOf(walk_.options().criterion, walk_.reads_poses(), walk_.reads_features())),
      queue_(std::move(queue)) {
  config_.Validate();
  const VisionConfig& vision = config_.vision;
  if (vision.kind == VisionKind::kClip) CheckHeads("vision.heads", vision.width / vision.heads);
  CheckHeads("perceiver.head_dim", config_.perceiver.head_dim);
  CheckHeads("cross_attention.head_dim", config_.cross_attention.head_dim);
  CheckHeads("language.heads", config_.language.width / config_.language.heads);

  Queue& q = *queue_;
  const int d = config_.language.width;
  DeviceWeights weights(file, q);
  weights.StoreAs(types.vision);
  vision_ = MakeVisionEncoder(config_, weights, q);
  const bool alike = vision_->tokens(0).count == vision_->tokens(1).count;
  resampler_ = std::make_unique<Resampler>(
      config_, alike ? 2 : 1, std::max(vision_->tokens(0).count, vision_->tokens(1).count), weights, q);
  if (config_.state.use_state)
    state_map_ = weights.ReadLinear("state_encoder.fc", vision.width, kRobotObsSize, true);
  state_shared_ = q.MakeShared<float>(kRobotObsSize);
  state_ = MakeMatrix(q, 1, kRobotObsSize);
  media_ = MakeMatrix(q, config_.MediaTokens(), vision.width);
  embedding_ = weights.Read("lang_encoder.transformer.wte.weight", {config_.language.vocab_size, d});
  weights.StoreAs(types.llm);
  perception_bytes_ = weights.bytes();
  const int last = walk_.options().LastLayer();
  for (int i = 0; i <= last; ++i) {
    layers_.emplace_back(config_, i, weights);
    bytes_to_layer_.push_back(weights.bytes() - perception_bytes_);
  }
  language_bytes_ = bytes_to_layer_.back();
  weights.StoreAs(types.head);
  head_ = std::make_unique<ActionHead>(config_, "extra_exit", weights, q);
  pooled_ = MakeMatrix(q, 1, d);
  pooled_before_ = MakeMatrix(q, 1, d);
  verdict_ = q.MakeShared<ExitVerdict>(1);
  weight_bytes_ = weights.bytes();

  // Heads that only training uses, norms and a projection that are never applied, layers behind the last
  // exit.
  std::vector<std::string> ignored = {"lm_head.", "lm_exit_modules.", "lang_encoder.transformer.ln_f.",
                                      "vision_encoder.visual.ln_post.", "vision_encoder.visual.proj"};
  for (int i = last + 1; i < config_.language.layers; ++i)
    ignored.push_back(fmt::format("lang_encoder.transformer.blocks.{}.", i));
  weights.RequireAllRead(ignored);
}

CudaModel::~CudaModel() = default;

size_t CudaModel::LeastBytesRead(int layers, int head_evaluations) const {
  const size_t head = weight_bytes_ - perception_bytes_ - language_bytes_;
  return perception_bytes_ + bytes_to_layer_.at(layers - 1) + head_->history_bytes() +
         head_evaluations * (head - head_->history_bytes());
}

void CudaModel::DropGraphs() {
  queue_->DropGraphs();
  segments_.clear();
  commit_ = clear_ = -1;
}

void CudaModel::Reset(uint64_t seed) {
  walk_.Reset(seed);
  if (clear_ < 0) clear_ = queue_->Record([&] { head_->Clear(); });
  queue_->Launch(clear_);
}

void CudaModel::SetPrompt(const std::vector<int>& ids) {
  Require(!ids.empty(), "the prompt has no tokens, expected at least one");
  const int d = config_.language.width;
  for (const int id : ids) {
    if (id < 0 || id >= config_.language.vocab_size)
      Fail(fmt::format("the prompt has token {}, expected 0 to {}", id, config_.language.vocab_size - 1));
  }
  queue_->Wait();
  const int tokens = static_cast<int>(ids.size());
  if (!text_ || tokens > text_->capacity) {
    DropGraphs();
    text_ = std::make_unique<TextWork>(config_, std::max(tokens, kUsualTokens), *queue_);
    embedded_ = MakeMatrix(*queue_, text_->capacity, d);
    x_ = MakeMatrix(*queue_, text_->capacity, d);
  }
  text_->Set(config_, ids, *queue_);
  for (int i = 0; i < tokens; ++i)
    queue_->Upload(embedded_.row(i), embedding_.data() + static_cast<ptrdiff_t>(ids[i]) * d,
                   sizeof(float) * d);
}

void CudaModel::SetState(std::span<const double> robot_obs) {
  if (robot_obs.size() != kRobotObsSize)
    Fail(fmt::format("robot_obs has {} numbers, expected {}", robot_obs.size(), kRobotObsSize));
  const StateConfig& s = config_.state;
  for (int i = 0; i < kRobotObsSize; ++i) {
    float from_mean = static_cast<float>(robot_obs[i]) - static_cast<float>(s.mean[i]);
    if (std::find(s.angles.begin(), s.angles.end(), i) != s.angles.end()) {
      constexpr float kTurn = 2 * std::numbers::pi_v<float>, kPerTurn = 0.5f * std::numbers::inv_pi_v<float>;
      from_mean -= kTurn * std::nearbyint(from_mean * kPerTurn);
    }
    state_shared_[i] = from_mean * static_cast<float>(1.0 / s.scale[i]);
  }
}

void CudaModel::Perceive() {
  Queue& q = *queue_;
  const int latents = config_.perceiver.latents;
  vision_->Run();
  const PictureTokens one = vision_->tokens(0), two = vision_->tokens(1);
  if (one.tokens.data == two.tokens.data) {
    resampler_->Run(q, one.tokens, one.first_row, two.first_row - one.first_row, 2, one.count, media_, 0);
  } else {
    resampler_->Run(q, one.tokens, one.first_row, 0, 1, one.count, media_, 0);
    resampler_->Run(q, two.tokens, two.first_row, 0, 1, two.count, media_, latents);
  }
  if (config_.state.use_state) {
    q.Copy(state_.data, state_shared_, sizeof(float) * kRobotObsSize);
    DeviceMatrix to = media_;
    to.data = media_.row(2 * latents);
    q.Run(Product(state_, 1, state_map_, to));
  }
  q.Copy(x_.data, embedded_.data, sizeof(float) * text_->tokens * x_.stride);
}

void CudaModel::Observe(Look look) {
  queue_->Run(MaxPoolArgs{.x = x_.data,
                          .x_stride = x_.stride,
                          .rows = text_->tokens,
                          .width = config_.language.width,
                          .y = pooled_.data});
  if (look == Look::kPose) {
    head_->Run(pooled_, measure_, verdict_);
  } else {
    queue_->Run(FeatureVerdictArgs{.features = pooled_.data,
                                   .before = pooled_before_.data,
                                   .width = config_.language.width,
                                   .verdict = verdict_});
  }
}

void CudaModel::Put(const Segment& segment) {
  const auto stamp = [&](int i) { queue_->Run(StampArgs{.to = verdict_->stamps_ns + i}); };
  const bool layers = segment.last >= segment.first;
  stamp(0);
  if (layers && segment.first == 0) Perceive();
  stamp(1);
  for (int layer = segment.first; layer <= segment.last; ++layer) {
    if (layer == segment.reference) Observe(segment.look);
    layers_[layer].Run(*queue_, x_, media_, *text_);
  }
  stamp(2);
  Observe(segment.look);
  stamp(3);
}

void CudaModel::Run(const Segment& segment, CudaStep& step) {
  const auto [found, fresh] = segments_.try_emplace({text_->tokens, segment}, -1);
  if (found->second < 0) found->second = queue_->Record([&] { Put(segment); });
  queue_->Launch(found->second);
  queue_->Wait();
  ++step.waits;
  step.times.perception += Milliseconds(verdict_->stamps_ns[0], verdict_->stamps_ns[1]);
  step.times.language += Milliseconds(verdict_->stamps_ns[1], verdict_->stamps_ns[2]);
  step.times.head += Milliseconds(verdict_->stamps_ns[2], verdict_->stamps_ns[3]);
  if (segment.look == Look::kPose) step.exit.head_evaluations += segment.reference < 0 ? 1 : 2;
}

CudaStep CudaModel::Step(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb,
                         std::span<const double> robot_obs) {
  const auto start = std::chrono::steady_clock::now();
  Require(text_ != nullptr, "the agent has no prompt, expected one before its first step");
  if (vision_->SetPictures(static_rgb, gripper_rgb)) DropGraphs();
  if (config_.state.use_state) SetState(robot_obs);

  CudaStep result;
  const auto known = [&](int layer) {
    const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
    result.exit_times.push_back({layer, spent.count(), result.times.language});
  };
  ExitStep& step = result.exit;
  Segment segment;
  walk_.Begin();
  for (int layer = 0;; ++layer) {
    if (walk_.NeedsReference(layer)) segment.reference = layer;
    ++result.layers_run;
    if (!walk_.MayEnd(layer)) continue;
    segment.last = layer;
    segment.look = Look::kPose;
    const bool looks = walk_.weighs() && (walk_.reads_poses() || walk_.reads_features());
    if (looks) {
      if (walk_.reads_features()) segment.look = Look::kFeatures;
      Run(segment, result);
      ExitReading reading;
      if (walk_.reads_poses()) {
        reading.pose = verdict_->pose;
        reading.gripper_probability = verdict_->gripper_probability;
      }
      const bool ends = walk_.Weigh(layer, reading, verdict_->difference, step);
      const bool has_pose = segment.look == Look::kPose;
      segment = {.first = layer + 1, .last = layer};
      if (ends && !has_pose) Run(segment, result);
      known(layer);
      if (!ends) continue;
    } else {
      if (walk_.weighs() && !walk_.Weigh(layer, {}, step)) continue;
      Run(segment, result);
      known(layer);
    }
    walk_.End(layer);
    step.exit_layer = layer;
    break;
  }
  step.gripper_probability = verdict_->gripper_probability;
  std::copy_n(verdict_->pose, 6, step.pose.begin());
  for (int i = 0; i < 6; ++i) step.action[i] = RoundToHalf(step.pose[i]);
  step.action[6] = step.gripper_probability > 0.5f ? 1.0f : -1.0f;
  step.llm_ms = result.times.language;
  if (commit_ < 0) commit_ = queue_->Record([&] { head_->Commit(); });
  queue_->Launch(commit_);
  result.macs = CountStep(config_, text_->tokens, result.layers_run, step.head_evaluations);
  return result;
}

}  // namespace deerbench::cuda
