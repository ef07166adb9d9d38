// An agent from a checkpoint folder: a model with its tokenizer, told sentences. What depends on the sentence
// alone is kept while it stays the same.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agent/checkpoint_folder.h"
#include "agent/exits.h"
#include "agent/prompt.h"
#include "agent/tokenizer.h"

namespace deerbench {

// Model is made of config, file of weights, exits and whatever `rest` is, and has Reset, SetPrompt and Step.
template <class Model>
class SentenceAgent {
 public:
  // Throws Error naming file and tensor where the weights do not fit, or what about the exits does not.
  template <class... Rest>
  SentenceAgent(const CheckpointFolder& checkpoint, ExitOptions exits, Rest&&... rest)
      : model_(checkpoint.config, checkpoint.weights(), std::move(exits), std::forward<Rest>(rest)...),
        tokenizer_(checkpoint.tokenizer) {}

  // The start of a subtask.
  void Reset(uint64_t seed = 0) { model_.Reset(seed); }
  // As Model::Step. Throws Error if the sentence is not valid UTF-8.
  auto Step(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb,
            std::span<const double> robot_obs, std::string_view sentence) {
    if (sentence != sentence_) {
      model_.SetPrompt(PromptTokens(sentence, tokenizer_, model_.config().prompt));
      sentence_ = sentence;
    }
    return model_.Step(static_rgb, gripper_rgb, robot_obs);
  }

  const Model& model() const { return model_; }
  Model& model() { return model_; }

 private:
  Model model_;
  Tokenizer tokenizer_;
  std::optional<std::string> sentence_;  // of the prompt
};

}  // namespace deerbench
