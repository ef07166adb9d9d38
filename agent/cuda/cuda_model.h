// The whole agent on a device at batch size one: pictures, state and tokens in, action out; what it computes
// is FusedModel's (agent/fused/fused_model.h), and where it may end ExitWalk's.
//
// All kernels from one exit to the next are one graph; the host waits once for each exit that is weighed, for
// the six poses and the criterion's number that the head's last kernel writes into the host's memory.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "agent/config.h"
#include "agent/cost.h"
#include "agent/cuda/action_head.h"
#include "agent/cuda/language.h"
#include "agent/cuda/resampler.h"
#include "agent/cuda/vision.h"
#include "agent/exit_walk.h"

namespace deerbench::cuda {

// How the parts' matrices are stored.
struct WeightTypes {
  Number llm = Number::kFloat32;
  Number vision = Number::kFloat32;  // encoder and resampler
  Number head = Number::kFloat32;
};

// ms on the device's clock, kernels and what lies between them.
struct DeviceTimes {
  double perception = 0, language = 0, head = 0;
};

// When the host knew what an exit says, from the step's start on.
struct CudaExitTime {
  int layer = 0;
  double host_ms = 0;
  double language_ms = 0;  // of the layers so far, on the device's clock
};

struct CudaStep {
  ExitStep exit;
  int layers_run = 0;
  StepMacs macs;
  DeviceTimes times;
  int waits = 0;                         // of the host for the device
  std::vector<CudaExitTime> exit_times;  // of all exits that were weighed or taken
};

class CudaModel {
 public:
  // Uploads the layers up to the highest allowed exit and no more. Throws Error naming file and tensor where
  // the file does not fit the config, or field and value where the kernels do not fit it.
  CudaModel(const AgentConfig& config, const std::filesystem::path& weights, ExitOptions exits,
            std::unique_ptr<Queue> queue, const WeightTypes& types = {});
  ~CudaModel();

  // The start of a subtask; `seed` is the criterion's.
  void Reset(uint64_t seed = 0);
  // The sentence of the steps that follow. Throws Error for ids outside the vocabulary or none at all.
  void SetPrompt(const std::vector<int>& ids);
  // As FusedModel::Step.
  CudaStep Step(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb,
                std::span<const double> robot_obs);

  const AgentConfig& config() const { return config_; }
  std::string device() const { return queue_->device(); }
  int layers() const { return static_cast<int>(layers_.size()); }               // that are loaded
  size_t bytes_to_layer(int layer) const { return bytes_to_layer_.at(layer); }  // weights, this one's too
  // Bytes on the device: the language model's layers, all weights, everything.
  size_t language_bytes() const { return language_bytes_; }
  size_t weight_bytes() const { return weight_bytes_; }
  size_t device_bytes() const { return queue_->allocated_bytes(); }
  // What a step reads of the weights at least: each once wherever it is used.
  size_t LeastBytesRead(int layers, int head_evaluations) const;
  // (layers, H) each, what the steps so far left.
  std::vector<float> h() const { return head_->h(); }
  std::vector<float> c() const { return head_->c(); }

 private:
  enum class Look { kPose, kFeatures };
  // Kernels that run without the host.
  struct Segment {
    int first = 0, last = 0;  // layers, none if last < first
    int reference = -1;       // the layer before which the first exit's reference is taken, or -1
    Look look = Look::kPose;  // behind the last layer
    auto operator<=>(const Segment&) const = default;
  };
  void SetState(std::span<const double> robot_obs);
  void Perceive();
  void Observe(Look look);  // pools x_ and asks the head or compares features
  void Put(const Segment& segment);
  // Runs it and waits; afterwards `verdict_` is its.
  void Run(const Segment& segment, CudaStep& step);
  void DropGraphs();

  AgentConfig config_;
  ExitWalk walk_;
  ExitMeasure measure_;
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<VisionEncoder> vision_;
  std::unique_ptr<Resampler> resampler_;
  DeviceLinear state_map_;
  std::vector<LanguageLayer> layers_;
  std::unique_ptr<ActionHead> head_;
  std::unique_ptr<TextWork> text_;
  std::vector<float> embedding_;  // (vocab, d), the host's
  size_t perception_bytes_ = 0, language_bytes_ = 0, weight_bytes_ = 0;
  std::vector<size_t> bytes_to_layer_;

  float* state_shared_ = nullptr;  // (15), the host's
  ExitVerdict* verdict_ = nullptr;
  DeviceMatrix state_, media_;           // (1, 15) as the network sees it, (m, D)
  DeviceMatrix embedded_, x_;            // (T, d)
  DeviceMatrix pooled_, pooled_before_;  // (1, d)

  std::map<std::pair<int, Segment>, int> segments_;  // by tokens
  int commit_ = -1, clear_ = -1;
};

}  // namespace deerbench::cuda
