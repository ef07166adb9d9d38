// A minimal WebM file: one video track, a cluster a key frame, and an index in front of them, so that a
// player can jump before it has read everything. After RFC 8794 (EBML) and RFC 9559 (Matroska).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/report/vpx_encoder.h"

namespace deerbench {

struct WebmTrack {
  VpxCodec codec = VpxCodec::kVp9;
  int width = 0;
  int height = 0;
  int fps = 30;
};

// The bytes of a file that shows `frames` (in order, the first a key frame; indices count pictures at `fps`).
// Throws Error if there are none or the first is no key frame.
std::string MakeWebm(const WebmTrack& track, const std::vector<VpxFrame>& frames);

}  // namespace deerbench
