#include "harness/report/webp.h"

#include <cstdint>

#include "base/error.h"
#include "harness/report/i420.h"
#include "harness/report/vpx_encoder.h"

namespace deerbench {
namespace {

std::string LittleEndian32(size_t value) {
  std::string out;
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift & 0xFF);
  return out;
}

}  // namespace

std::string EncodeWebp(const PictureView& picture, int quality) {
  I420 planes;
  ToI420(picture, planes);
  VpxEncoder encoder({.codec = VpxCodec::kVp8,
                      .width = picture.width,
                      .height = picture.height,
                      .fps = 1,
                      .quality = quality,
                      .keyframe_interval = 1});
  std::vector<VpxFrame> frames = encoder.Encode(planes);
  for (VpxFrame& frame : encoder.Flush()) frames.push_back(std::move(frame));
  Require(frames.size() == 1 && frames[0].keyframe,
          "picture: expected the encoder to make one key frame of it");

  // RIFF container of the WebP specification ("simple file format, lossy"): the VP8 key frame is the payload.
  std::string& data = frames[0].data;
  const size_t size = data.size();
  if (size % 2 == 1) data += '\0';
  return "RIFF" + LittleEndian32(4 + 8 + data.size()) + "WEBPVP8 " + LittleEndian32(size) + data;
}

}  // namespace deerbench
