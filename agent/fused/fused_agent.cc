#include "agent/fused/fused_agent.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/prompt.h"
#include "base/error.h"
#include "base/file.h"

namespace deerbench::fused {
namespace {

AgentConfig ReadConfig(const std::filesystem::path& path) {
  const auto json = nlohmann::json::parse(ReadFile(path), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) Fail(fmt::format("{}: not valid JSON", path.string()));
  try {
    return ConfigFromJson(json);
  } catch (const Error& error) {
    Fail(fmt::format("{}: {}", path.string(), error.what()));
  }
}

}  // namespace

FusedAgent::FusedAgent(const std::filesystem::path& folder, ExitOptions exits)
    : model_(ReadConfig(folder / "config.json"), folder / "model.safetensors", std::move(exits)),
      tokenizer_(Tokenizer::FromFile(folder / "tokenizer.json")) {
  CheckTokenizer(tokenizer_, model_.config().language);
}

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
