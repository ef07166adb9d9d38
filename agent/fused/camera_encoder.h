// One camera of the convolutional vision encoder (agent/conv_encoder.h): bytes in, slot tokens out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agent/config.h"
#include "agent/fused/convolution.h"
#include "agent/fused/linear.h"
#include "agent/fused/weights.h"

namespace deerbench::fused {

// Mean of each 2 x 2 block of bytes (2 S, 2 S, 3), times scale, minus offset, into a picture of size S with
// three channels. `scale` is for the block's sum.
void HalvePicture(const uint8_t* bytes, float scale, float offset, Picture& picture);

class CameraEncoder {
 public:
  CameraEncoder(const VisionConfig& vision, const ConvCameraConfig& camera, const std::string& prefix,
                WeightReader& weights);

  // rgb (2 S, 2 S, 3) -> tokens rows 0 to slots - 1.
  void Run(const uint8_t* rgb, Matrix& tokens);

  int slots() const { return camera_.slots; }
  uint64_t macs() const { return macs_; }
  size_t bytes() const;

 private:
  void Attend(const Picture& features);  // fills slots_

  ConvCameraConfig camera_;
  float scale_, offset_;
  std::vector<Convolution> convolutions_;
  PackedWeights attention_;
  std::vector<PackedWeights> slot_maps_;
  std::vector<Picture> pictures_;  // input of each convolution, then the features
  Matrix coordinates_;             // (positions, 16): x, y, 1
  Matrix weights_;                 // (positions, slots): attention before its normalisation
  Matrix slots_;                   // (slots, features + 2)
  uint64_t macs_ = 0;
};

}  // namespace deerbench::fused
