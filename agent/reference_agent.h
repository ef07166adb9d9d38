// The reference inference path: pictures, a sentence and the robot's state to an action, one environment at a
// time.
//
// One step, in single precision (shapes in agent_model.h; every other path is held against this one):
//   tokens   conv_encoder.h or vision_tower.h (CLIP), both cameras, from bytes
//   media    perceiver of each camera's tokens, then the state's token
//   text     prompt.h; the embedding and the attention bias do not change while the sentence stays the same
//   layers   0, 1, ... until an exit is taken (multi_exit.h): cross-attention to the media, then the
//            decoder layer
//   head     at each exit: maximum over the tokens, LSTM from the subtask's state, pose and gripper; the
//            state moves on once a step, at the exit taken
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/checkpoint_folder.h"
#include "agent/cost.h"
#include "agent/exits.h"
#include "agent/multi_exit.h"

namespace deerbench {

// What the agent perceives: rows of red, green, blue bytes, and CALVIN's robot_obs.
struct AgentInput {
  // Square; VisionKind::kConv needs the config's picture_size(), VisionKind::kClip takes any size.
  std::span<const uint8_t> static_rgb;   // (S, S, 3)
  std::span<const uint8_t> gripper_rgb;  // (S', S', 3)
  std::span<const double> robot_obs;     // 15, read only with use_state
};

struct AgentStep {
  ExitStep exit;
  int layers_run = 0;
  StepMacs macs;
};

class ReferenceAgent {
 public:
  // Loads the layers that `exits` may reach. Throws Error if the exits or the weights do not fit the
  // checkpoint, or its vision encoder takes no bytes.
  ReferenceAgent(const CheckpointFolder& folder, const ExitOptions& exits);

  // Forgets the history: the start of a subtask. `seed` is the exit criterion's.
  void Reset(uint64_t seed = 0) { rollout_.Reset(seed); }
  // Throws Error if a picture has another size than the config says or the sentence is not valid UTF-8.
  AgentStep Step(const AgentInput& input, std::string_view sentence);

  const AgentConfig& config() const { return model_->config; }
  // Bytes of the weights that are resident: of the language model its layers, of whose embedding a prompt's
  // rows alone are read from the mapped file.
  uint64_t llm_weight_bytes() const { return 4 * LanguageParameters(config(), layers()) - outside(); }
  uint64_t all_weight_bytes() const { return 4 * InferenceParameters(config(), layers()) - outside(); }

 private:
  uint64_t outside() const { return 4 * LanguageParameters(config(), 0); }
  int layers() const { return static_cast<int>(model_->lang_encoder->layers.size()); }

  Tokenizer tokenizer_;
  AgentModel model_;
  MultiExitRollout rollout_;
  std::string sentence_;
  torch::Tensor ids_, mask_;  // (1, T) of sentence_
};

}  // namespace deerbench
