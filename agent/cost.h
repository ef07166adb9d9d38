// What a step of an agent costs, from its sizes. One multiply-accumulate is one MAC; the paper's "GFLOPs" are
// GMACs.
//
// Counted is every product of matrices and every convolution as the reference path runs it: attention's two
// products over all positions (masked ones too), the slots' expected coordinates; looking an embedding up is
// 0, and so is whatever works element by element.
#pragma once

#include <cstdint>

#include "agent/config.h"

namespace deerbench {

// By module. The paper counts `llm` alone, cross-attention included.
struct StepMacs {
  uint64_t vision = 0;     // both cameras
  uint64_t resampler = 0;  // both cameras
  uint64_t state = 0;
  uint64_t llm = 0;
  uint64_t head = 0;

  uint64_t total() const { return vision + resampler + state + llm + head; }
};

uint64_t VisionMacs(const VisionConfig& config);
uint64_t ResamplerMacs(const AgentConfig& config);
uint64_t StateMacs(const AgentConfig& config);
// One layer over `text_tokens` tokens; all layers with cross-attention cost the same.
uint64_t LayerMacs(const AgentConfig& config, int layer, int text_tokens);
// The first `layers` layers.
uint64_t LanguageMacs(const AgentConfig& config, int layers, int text_tokens);
// One evaluation of the action head.
uint64_t HeadMacs(const AgentConfig& config);

StepMacs CountStep(const AgentConfig& config, int text_tokens, int layers_run, int head_evaluations);

// Numbers of weights, for memory: bytes are these times the size of one.
uint64_t LayerParameters(const AgentConfig& config, int layer);
// The language model with its first `layers` layers: embedding, layers, the norm that the checkpoint carries.
uint64_t LanguageParameters(const AgentConfig& config, int layers);
uint64_t VisionParameters(const VisionConfig& config);
uint64_t ResamplerParameters(const AgentConfig& config);
uint64_t StateParameters(const AgentConfig& config);
uint64_t HeadParameters(const AgentConfig& config);
// What inference with the first `layers` layers needs.
uint64_t InferenceParameters(const AgentConfig& config, int layers);

}  // namespace deerbench
