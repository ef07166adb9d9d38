// The whole agent at batch size one without a tensor library, at any size: pictures, state and tokens in,
// action out. What it computes in single precision is MultiExitRollout's (agent/multi_exit.h) on AgentModel,
// to within 1e-5 at the small agent's size, and in any precision the same in every bit on all processors with
// AVX2 and FMA and with any number of threads.
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
#include "agent/fused/clip_encoder.h"
#include "agent/fused/language_layer.h"
#include "agent/fused/resampler.h"
#include "agent/fused/workers.h"
#include "agent/precision.h"

namespace deerbench::fused {

// Time spent in each part of a step, ms.
struct StepTimes {
  double vision = 0, resampler = 0, language = 0, head = 0;
};

// What a walk had cost when an exit was weighed: where the step would have ended with that exit as the
// highest.
struct ExitTime {
  int layer = 0;
  double language_ms = 0, head_ms = 0;
};

struct FusedStep {
  ExitStep exit;
  int layers_run = 0;
  StepMacs macs;
  StepTimes times;
  std::vector<ExitTime> exit_times;  // of all exits that were weighed or taken
};

struct FusedOptions {
  Precision precision = {};
  int threads = 1;
};

// Reads a clock, ms.
using ClockMs = double (*)();
double WallClockMs();

class FusedModel {
 public:
  // Reads the layers up to the highest allowed exit and no more; of the embedding only the rows of a prompt,
  // when one is set. Throws Error naming file and tensor where the file does not fit the config.
  FusedModel(const AgentConfig& config, const std::filesystem::path& weights, ExitOptions exits,
             const FusedOptions& options = {});

  // Forgets the history and the step count: the start of a subtask. `seed` is the criterion's.
  void Reset(uint64_t seed = 0);
  // The sentence of the steps that follow. Throws Error for ids outside the vocabulary or none at all.
  void SetPrompt(const std::vector<int>& ids);
  // Leaves at other exits from the next step on, none of them behind the layers that were loaded.
  void set_exits(ExitOptions exits);
  // Pictures of the config's sizes, for CLIP square ones of any size, (H, W, 3); robot_obs is read only where
  // the config has use_state. Needs a prompt.
  FusedStep Step(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb,
                 std::span<const double> robot_obs);

  // What StepTimes are measured with, WallClockMs unless told otherwise.
  void set_clock(ClockMs clock) { clock_ = clock; }

  const AgentConfig& config() const { return config_; }
  const HeadState& history() const { return history_; }
  const Matrix& pooled() const { return pooled_; }  // (1, d), what the head saw last
  const ExitOptions& exits() const { return walk_.options(); }
  const FusedOptions& options() const { return options_; }
  int layers() const { return static_cast<int>(layers_.size()); }  // that are loaded
  // Bytes of weights in memory: a layer's, the language model's layers', everything; and of the embedding, of
  // which the file holds all and the memory a prompt's rows.
  size_t layer_bytes(int layer) const { return layers_[layer].bytes(); }
  size_t language_bytes() const;
  size_t total_bytes() const;
  size_t embedding_bytes() const;

 private:
  void Perceive(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb,
                std::span<const double> robot_obs, FusedStep& step);
  HeadOutput RunHead(FusedStep& step);  // on pooled_, leaves the history's continuation in next_
  // Pools x_ and asks the head if the criterion reads poses; `reading` holds what it reads until the next
  // call.
  std::optional<HeadOutput> Look(FusedStep& step, ExitReading& reading);

  AgentConfig config_;
  ExitWalk walk_;
  FusedOptions options_;
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<WeightReader> weights_;                          // for rows of the embedding
  std::unique_ptr<CameraEncoder> static_camera_, gripper_camera_;  // VisionKind::kConv
  std::unique_ptr<ClipEncoder> clip_;                              // VisionKind::kClip
  std::unique_ptr<Resampler> resampler_;
  std::optional<PackedWeights> state_map_;
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
