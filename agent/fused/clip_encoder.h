// CLIP's vision transformer (agent/vision_tower.h) for both cameras' pictures together: every weight is read
// once a step.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agent/clip_preprocess.h"
#include "agent/config.h"
#include "agent/fused/linear.h"
#include "agent/fused/rows.h"
#include "agent/fused/weights.h"

namespace deerbench::fused {

class ClipEncoder {
 public:
  ClipEncoder(const AgentConfig& config, WeightReader& weights);

  // Square pictures of any size, (S, S, 3). Throws Error if one has no square number of pixels.
  void Run(std::span<const uint8_t> static_rgb, std::span<const uint8_t> gripper_rgb, Workers* workers);
  // Patch tokens of the last Run, patches() rows `stride()` floats apart; picture 0 is the static camera's.
  const float* tokens(int picture) const { return x_.row(picture * rows_ + 1); }
  int stride() const { return x_.stride(); }
  int patches() const { return rows_ - 1; }

  uint64_t macs() const;
  size_t bytes() const;

 private:
  struct Block {
    LayerNorm ln_1, ln_2;
    PackedWeights in_proj, out_proj, c_fc, c_proj;  // in_proj: q, k, v
  };
  void CutPatches(const char* camera, std::span<const uint8_t> rgb, int picture);

  VisionConfig config_;
  int rows_;                                       // of a picture: class token, then patches
  std::array<ClipPreprocessor, 2> preprocessors_;  // one a camera: their pictures differ in size
  PackedWeights conv1_;
  Matrix first_;     // (1, D): class embedding with its position
  Matrix position_;  // (patches, D)
  LayerNorm ln_pre_;
  std::vector<Block> blocks_;
  Matrix pixels_;              // (2 patches, 3 patch_size^2)
  Matrix embedded_;            // (2 patches, D)
  Matrix x_, normed_, mixed_;  // (2 rows, D)
  Matrix qkv_, hidden_;        // (2 rows, 3 D), (2 rows, 4 D)
};

}  // namespace deerbench::fused
