// The language model (agent/language_model.h) on the device, for one sentence, layer by layer.
#pragma once

#include <optional>
#include <vector>

#include "agent/config.h"
#include "agent/cuda/device_weights.h"
#include "agent/cuda/feed_forward.h"

namespace deerbench::cuda {

// What depends on the sentence alone, and scratch for up to `capacity` tokens.
struct TextWork {
  TextWork(const AgentConfig& config, int capacity, Queue& queue);

  // The sentence of the steps that follow; at most `capacity` tokens.
  void Set(const AgentConfig& config, const std::vector<int>& ids, Queue& queue);

  int capacity, tokens = 0;
  int* media_seen;  // (tokens)
  float* alibi;     // (heads, tokens): bias by key position
  DeviceMatrix normed, qkv, mixed, hidden;
  DeviceMatrix cross_q, cross_kv, cross_mixed, cross_hidden;
};

// One layer as exits count them: gated cross-attention, where the layer has it, then MPT's decoder layer.
class LanguageLayer {
 public:
  LanguageLayer(const AgentConfig& config, int index, DeviceWeights& weights);

  // x (T, d) in place; media (m, D).
  void Run(Queue& queue, const DeviceMatrix& x, const DeviceMatrix& media, const TextWork& work) const;

 private:
  struct Cross {
    DeviceNorm norm;
    DeviceLinear to_q, to_kv, to_out;
    FeedForward feed_forward;
    float attention_gate = 0, feed_forward_gate = 0;  // tanh taken
  };
  void RunCross(Queue& queue, const DeviceMatrix& x, const DeviceMatrix& media, const TextWork& work) const;

  CrossAttentionConfig cross_config_;
  int heads_, width_;
  std::optional<Cross> cross_;
  DeviceNorm ln_1_, ln_2_;
  std::optional<DeviceNorm> q_ln_, k_ln_;
  DeviceLinear qkv_, out_proj_, up_, down_;
};

}  // namespace deerbench::cuda
