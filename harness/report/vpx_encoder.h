// libvpx as one class: pictures in, compressed frames out, the same bytes every time (one thread, no
// real-time deadlines).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/report/i420.h"

namespace deerbench {

enum class VpxCodec { kVp8, kVp9 };

struct VpxOptions {
  VpxCodec codec = VpxCodec::kVp9;
  int width = 0;
  int height = 0;
  int fps = 30;
  int quality = 31;            // constant quantiser, 0 best .. 63 worst
  int keyframe_interval = 60;  // frames; where a player can jump to
};

struct VpxFrame {
  std::string data;
  int64_t index = 0;  // of the picture that it shows
  bool keyframe = false;
};

class VpxEncoder {
 public:
  // Throws Error naming the option that libvpx cannot work with.
  explicit VpxEncoder(const VpxOptions& options);
  ~VpxEncoder();

  // Frames come out in order; some may come later than their pictures went in. Flush gives those and ends the
  // stream.
  // Throws Error if the picture's size is not the encoder's.
  std::vector<VpxFrame> Encode(const I420& picture);
  std::vector<VpxFrame> Flush();

 private:
  struct Codec;
  std::vector<VpxFrame> Collect();

  VpxOptions options_;
  std::unique_ptr<Codec> codec_;
  int64_t next_index_ = 0;
};

}  // namespace deerbench
