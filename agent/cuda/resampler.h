// Perceiver resampler (agent/perceiver.h) on the device: pictures' tokens become a fixed number of latents
// each.
#pragma once

#include <vector>

#include "agent/config.h"
#include "agent/cuda/device_weights.h"
#include "agent/cuda/feed_forward.h"

namespace deerbench::cuda {

class Resampler {
 public:
  // For up to `pictures` pictures at once of up to `tokens` tokens.
  Resampler(const AgentConfig& config, int pictures, int tokens, DeviceWeights& weights, Queue& queue);

  // Picture p's tokens are `count` rows from row first_row + p * picture_rows of `tokens` on; its latents
  // become rows first_latent + p * latents on of `media`.
  void Run(Queue& queue, const DeviceMatrix& tokens, int first_row, int picture_rows, int pictures, int count,
           const DeviceMatrix& media, int first_latent) const;

 private:
  struct Layer {
    DeviceNorm norm_media, norm_latents;
    DeviceLinear to_q, to_kv, to_out;
    FeedForward feed_forward;
  };

  PerceiverConfig config_;
  DeviceMatrix latents_;  // as learnt, once for each picture
  std::vector<Layer> layers_;
  DeviceNorm norm_;
  DeviceMatrix x_, normed_, normed_keys_, q_, kv_, mixed_, hidden_;
};

}  // namespace deerbench::cuda
