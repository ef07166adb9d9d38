#include "agent/fused/fused_agent.h"

#include "agent/prompt.h"

namespace deerbench::fused {

FusedAgent::FusedAgent(const CheckpointFolder& checkpoint, ExitOptions exits, const FusedOptions& options)
    : model_(checkpoint.config, checkpoint.weights(), std::move(exits), options),
      tokenizer_(checkpoint.tokenizer) {}

FusedStep FusedAgent::Step(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb,
                           std::span<const double> robot_obs, std::string_view sentence) {
  if (!has_sentence_ || sentence != sentence_) {
    model_.SetPrompt(PromptTokens(sentence, tokenizer_, model_.config().prompt));
    sentence_ = sentence;
    has_sentence_ = true;
  }
  return model_.Step(static_rgb, gripper_rgb, robot_obs);
}

}  // namespace deerbench::fused
