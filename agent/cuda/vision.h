// What the cameras see, as tokens: a vision encoder on the device.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "agent/config.h"
#include "agent/cuda/device_weights.h"

namespace deerbench::cuda {

// One picture's tokens: `count` rows of a matrix from `first_row` on.
struct PictureTokens {
  DeviceMatrix tokens;
  int first_row = 0, count = 0;
};

class VisionEncoder {
 public:
  virtual ~VisionEncoder() = default;
  // Takes the pictures over to where the device reads them. True if sizes changed: graphs of Run must be
  // recorded anew. Throws Error if a picture has another size than the encoder takes.
  virtual bool SetPictures(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb) = 0;
  // The last pictures set -> tokens.
  virtual void Run() = 0;
  virtual PictureTokens tokens(int picture) const = 0;  // 0: the static camera's
};

// The encoder of the config's kind.
std::unique_ptr<VisionEncoder> MakeVisionEncoder(const AgentConfig& config, DeviceWeights& weights,
                                                 Queue& queue);
std::unique_ptr<VisionEncoder> MakeClipEncoder(const AgentConfig& config, DeviceWeights& weights,
                                               Queue& queue);
std::unique_ptr<VisionEncoder> MakeConvEncoder(const AgentConfig& config, DeviceWeights& weights,
                                               Queue& queue);

}  // namespace deerbench::cuda
