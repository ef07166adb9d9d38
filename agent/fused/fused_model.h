// The whole agent at batch size one without a tensor library: pictures, state and tokens in, action out. What
// it computes is MultiExitRollout's (agent/multi_exit.h) on AgentModel, to within 1e-5, and the same in every
// bit on all processors with AVX2 and FMA.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "agent/config.h"
#include "agent/cost.h"
#include "agent/exit_walk.h"
#include "agent/fused/action_head.h"
#include "agent/fused/camera_encoder.h"
#include "agent/fused/language_layer.h"
#include "agent/fused/resampler.h"

namespace deerbench::fused {

// Time spent in each part of a step, ms.
struct StepTimes {
  double vision = 0, resampler = 0, language = 0, head = 0;
};

struct FusedStep {
  ExitStep exit;
  int layers_run = 0;
  StepMacs macs;
  StepTimes times;
};

// Reads a clock, ms.
using ClockMs = double (*)();
double WallClockMs();

class FusedModel {
 public:
  // Reads the layers up to the highest allowed exit and no more. Throws Error naming file and tensor where
  // the file does not fit the config, or the config's vision encoder is not convolutional.
  FusedModel(const AgentConfig& config, const std::filesystem::path& weights, ExitOptions exits);

  // Forgets the history and the step count: the start of a subtask. `seed` is the criterion's.
  void Reset(uint64_t seed = 0);
  // The sentence of the steps that follow. Throws Error for ids outside the vocabulary or none at all.
  void SetPrompt(const std::vector<int>& ids);
  // Pictures of the config's sizes, (H, W, 3); robot_obs is read only where the config has use_state. Needs a
  // prompt.
  FusedStep Step(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb,
                 std::span<const double> robot_obs);

  // What StepTimes are measured with, WallClockMs unless told otherwise.
  void set_clock(ClockMs clock) { clock_ = clock; }

  const AgentConfig& config() const { return config_; }
  const ExitOptions& exits() const { return walk_.options(); }
  size_t language_bytes() const;  // resident weights
  size_t total_bytes() const;

 private:
  void Perceive(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb,
                std::span<const double> robot_obs, FusedStep& step);
  HeadOutput RunHead(FusedStep& step);  // on pooled_, leaves the history's continuation in next_
  // Pools x_ and asks the head if the criterion reads poses; `reading` holds what it reads until the next
  // call.
  std::optional<HeadOutput> Look(FusedStep& step, ExitReading& reading);

  AgentConfig config_;
  ExitWalk walk_;
  std::unique_ptr<CameraEncoder> static_camera_, gripper_camera_;
  std::unique_ptr<Resampler> resampler_;
  std::optional<PackedWeights> state_map_;
  Matrix embedding_;  // (vocab, d)
  std::vector<LanguageLayer> layers_;
  std::unique_ptr<ActionHead> head_;

  ClockMs clock_ = WallClockMs;
  HeadState history_, next_;

  std::optional<TextWork> text_;
  Matrix embedded_;                        // (T, d) the prompt
  Matrix static_tokens_, gripper_tokens_;  // (slots, D)
  Matrix state_, media_;                   // (1, 15) as the network sees it, (m, D)
  Matrix x_, pooled_;                      // (T, d), (1, d)
  std::array<float, 6> pose_{};            // of the last place looked at
};

}  // namespace deerbench::fused
