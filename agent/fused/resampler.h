// Perceiver resampler (agent/perceiver.h): a picture's tokens become a fixed number of latents.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agent/config.h"
#include "agent/fused/feed_forward.h"
#include "agent/fused/media_attention.h"
#include "agent/fused/weights.h"

namespace deerbench::fused {

class Resampler {
 public:
  Resampler(const AgentConfig& config, int max_tokens, WeightReader& weights);

  // tokens (`count` rows, `stride` floats apart) -> latents, rows first_row onwards of `media`.
  void Run(const float* tokens, int stride, int count, Matrix& media, int first_row,
           Workers* workers = nullptr);

  uint64_t macs(int tokens) const;
  size_t bytes() const;

 private:
  struct Layer {
    LayerNorm norm_media, norm_latents;
    MediaAttention attention;
    FeedForward feed_forward;
  };

  PerceiverConfig config_;
  int width_;
  Matrix latents_;  // (latents, D), as learnt
  std::vector<Layer> layers_;
  std::optional<FixedQueries> first_;  // of the first layer, where it is folded
  LayerNorm norm_;
  Matrix x_, normed_, hidden_;
  MediaScratch scratch_;
};

}  // namespace deerbench::fused
