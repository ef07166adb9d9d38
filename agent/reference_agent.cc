#include "agent/reference_agent.h"

#include <fmt/format.h>

#include <cmath>

#include "agent/checkpoint.h"
#include "agent/prompt.h"
#include "base/error.h"

namespace deerbench {
namespace {

AgentModel Load(const CheckpointFolder& folder, const ExitOptions& exits) {
  exits.Validate(folder.config.language.layers);
  return LoadAgent(folder, AgentParts{.layers = exits.LastLayer() + 1});
}

// (1, size, size, 3)
torch::Tensor Picture(std::span<const uint8_t> rgb, int size, const char* camera) {
  if (size < 1 || rgb.size() != static_cast<size_t>(size) * size * 3)
    Fail(fmt::format("{} picture has {} bytes, expected {} x {} x 3", camera, rgb.size(), size, size));
  return torch::from_blob(const_cast<uint8_t*>(rgb.data()), {1, size, size, 3}, torch::kUInt8);
}

// Side of the pictures that an encoder takes: the config's, or, where that resizes them, whatever they have.
int PictureSize(const VisionConfig& vision, const ConvCameraConfig& camera, std::span<const uint8_t> rgb) {
  if (vision.kind == VisionKind::kConv) return camera.picture_size();
  return static_cast<int>(std::lround(std::sqrt(static_cast<double>(rgb.size()) / 3)));
}

}  // namespace

ReferenceAgent::ReferenceAgent(const CheckpointFolder& folder, const ExitOptions& exits)
    : tokenizer_(folder.tokenizer), model_(Load(folder, exits)), rollout_(model_, exits) {}

AgentStep ReferenceAgent::Step(const AgentInput& input, std::string_view sentence) {
  torch::InferenceMode inference;
  const AgentConfig& c = config();
  if (sentence != sentence_ || !ids_.defined()) {
    const std::vector<int> ids = PromptTokens(sentence, tokenizer_, c.prompt);
    ids_ = torch::tensor(ids, torch::kInt64).unsqueeze(0);
    mask_ = torch::ones_like(ids_);
    sentence_ = sentence;
  }
  const int static_size = PictureSize(c.vision, c.vision.static_camera, input.static_rgb);
  const int gripper_size = PictureSize(c.vision, c.vision.gripper_camera, input.gripper_rgb);
  const CameraTokens tokens = model_->EncodeTokens(Picture(input.static_rgb, static_size, "static"),
                                                   Picture(input.gripper_rgb, gripper_size, "gripper"));
  torch::Tensor robot_obs;
  if (c.state.use_state) {
    if (input.robot_obs.size() != kRobotObsSize)
      Fail(fmt::format("robot_obs has {} numbers, expected {}", input.robot_obs.size(), kRobotObsSize));
    robot_obs =
        torch::tensor(std::vector<float>(input.robot_obs.begin(), input.robot_obs.end())).unsqueeze(0);
  }
  AgentStep step;
  step.exit = rollout_.Step(model_->Media(tokens, robot_obs), ids_, mask_);
  step.layers_run = step.exit.exit_layer + 1;
  step.macs = CountStep(c, static_cast<int>(ids_.size(1)), step.layers_run, step.exit.head_evaluations);
  return step;
}

}  // namespace deerbench
