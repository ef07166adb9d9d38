// An agent from a checkpoint folder on the fused path: pictures, state and a sentence in, action out.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agent/checkpoint_folder.h"
#include "agent/fused/fused_model.h"
#include "agent/tokenizer.h"

namespace deerbench::fused {

class FusedAgent {
 public:
  // Throws Error naming file and tensor where the weights do not fit, or what about the exits does not.
  FusedAgent(const CheckpointFolder& checkpoint, ExitOptions exits, const FusedOptions& options = {});
  FusedAgent(const std::filesystem::path& folder, ExitOptions exits, const FusedOptions& options = {})
      : FusedAgent(OpenCheckpoint(folder), std::move(exits), options) {}

  // The start of a subtask.
  void Reset(uint64_t seed = 0) { model_.Reset(seed); }
  // As FusedModel::Step; what depends on the sentence alone is kept while it stays the same. Throws Error if
  // it is not valid UTF-8.
  FusedStep Step(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb,
                 std::span<const double> robot_obs, std::string_view sentence);

  const FusedModel& model() const { return model_; }
  FusedModel& model() { return model_; }

 private:
  FusedModel model_;
  Tokenizer tokenizer_;
  std::string sentence_;
  bool has_sentence_ = false;
};

}  // namespace deerbench::fused
