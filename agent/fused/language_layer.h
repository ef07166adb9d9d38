// The language model (agent/language_model.h) for one sentence, layer by layer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/config.h"
#include "agent/fused/attention.h"
#include "agent/fused/feed_forward.h"
#include "agent/fused/linear.h"
#include "agent/fused/media_attention.h"
#include "agent/fused/weights.h"

namespace deerbench::fused {

// What depends on the sentence alone, and scratch for its length T. Every token is real: no padding.
struct TextWork {
  TextWork(const AgentConfig& config, const std::vector<int>& ids);

  int tokens;                             // T
  std::vector<int> text_time;             // how many media tokens stand at or before each token
  Floats alibi;                           // (heads, T): bias by key position
  Matrix normed, q, k, v, mixed, hidden;  // of the tokens
  MediaScratch cross;                     // cross-attention's
  Matrix cross_hidden;
};

// One layer as exits count them: gated cross-attention, where the layer has it, then MPT's decoder layer.
class LanguageLayer {
 public:
  LanguageLayer(const AgentConfig& config, int index, WeightReader& weights);

  // x (T, d) in place; media (m, D).
  void Run(Matrix& x, const Matrix& media, TextWork& work, Workers* workers = nullptr) const;

  uint64_t macs(int tokens, int media) const;
  size_t bytes() const;

 private:
  struct Cross {
    LayerNorm norm;
    MediaAttention attention;
    FeedForward feed_forward;
    float attention_gate = 0, feed_forward_gate = 0;  // tanh taken
  };
  void RunCross(Matrix& x, const Matrix& media, TextWork& work, Workers* workers) const;
  void RunDecoder(Matrix& x, TextWork& work, Workers* workers) const;

  int heads_, width_;
  std::optional<Cross> cross_;
  LayerNorm ln_1_, ln_2_;
  std::optional<LayerNorm> q_ln_, k_ln_;
  PackedWeights to_q_, to_k_, to_v_, out_proj_, up_, down_;
};

}  // namespace deerbench::fused
