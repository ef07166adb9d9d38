// A WebM video that browsers play and seek in, written whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "harness/report/i420.h"
#include "harness/report/vpx_encoder.h"

namespace deerbench {

// VP9, the same bytes for the same frames. The compressed frames are held in memory until Finish.
class VideoWriter {
 public:
  // Throws Error for a size or rate that cannot be encoded. The file is not touched before Finish.
  VideoWriter(std::filesystem::path path, int width, int height, int fps);

  // One frame, (height, width, 3) sRGB. Throws Error if its size differs, or after Finish.
  void Add(std::span<const uint8_t> rgb);

  // Writes the file. Throws Error, leaving no file, if there are no frames or the file cannot be written.
  // Without Finish nothing is left behind.
  void Finish();

 private:
  std::filesystem::path path_;
  VpxOptions options_;
  VpxEncoder encoder_;
  I420 planes_;
  std::vector<VpxFrame> frames_;
  bool finished_ = false;
};

}  // namespace deerbench
