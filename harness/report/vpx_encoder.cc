#include "harness/report/vpx_encoder.h"

#include <fmt/format.h>
#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

#include <string_view>

#include "base/error.h"

namespace deerbench {
namespace {

// VP8's real-time mode chooses its effort by the clock; VP9's does not, and is enough for a moving robot.
unsigned long Deadline(VpxCodec codec) {
  return codec == VpxCodec::kVp9 ? VPX_DL_REALTIME : VPX_DL_GOOD_QUALITY;
}

}  // namespace

struct VpxEncoder::Codec {
  vpx_codec_ctx_t context{};
  bool open = false;

  void Check(vpx_codec_err_t result, std::string_view what) {
    if (result == VPX_CODEC_OK) return;
    const char* detail = open ? vpx_codec_error_detail(&context) : nullptr;
    Fail(fmt::format("video encoder: {}: {}{}{}", what, vpx_codec_err_to_string(result), detail ? ": " : "",
                     detail ? detail : ""));
  }
  ~Codec() {
    if (open) vpx_codec_destroy(&context);
  }
};

VpxEncoder::VpxEncoder(const VpxOptions& options) : options_(options), codec_(std::make_unique<Codec>()) {
  if (options.width < 1 || options.height < 1 || options.width > 4096 || options.height > 4096) {
    Fail(fmt::format("video size: {}x{}: expected 1 to 4096 pixels", options.width, options.height));
  }
  if (options.fps < 1 || options.fps > 1000) {
    Fail(fmt::format("video fps: {}: expected 1 to 1000", options.fps));
  }
  if (options.quality < 0 || options.quality > 63) {
    Fail(fmt::format("video quality: {}: expected 0 to 63", options.quality));
  }
  const bool vp9 = options.codec == VpxCodec::kVp9;
  vpx_codec_iface_t* const interface = vp9 ? vpx_codec_vp9_cx() : vpx_codec_vp8_cx();
  vpx_codec_enc_cfg_t config;
  codec_->Check(vpx_codec_enc_config_default(interface, &config, 0), "default settings");
  config.g_w = static_cast<unsigned>(options.width);
  config.g_h = static_cast<unsigned>(options.height);
  config.g_timebase = {1, options.fps};
  config.g_threads = 1;
  config.g_pass = VPX_RC_ONE_PASS;
  config.g_lag_in_frames = 0;
  config.rc_end_usage = VPX_Q;
  config.rc_min_quantizer = vp9 ? 0 : static_cast<unsigned>(options.quality);
  config.rc_max_quantizer = vp9 ? 63 : static_cast<unsigned>(options.quality);
  config.kf_mode = VPX_KF_AUTO;
  config.kf_min_dist = 0;
  config.kf_max_dist = static_cast<unsigned>(options.keyframe_interval);
  codec_->Check(vpx_codec_enc_init(&codec_->context, interface, &config, 0), "start");
  codec_->open = true;

  const auto set = [this](auto control, auto value, std::string_view name) {
    codec_->Check(vpx_codec_control_(&codec_->context, control, value), name);
  };
  set(VP8E_SET_CQ_LEVEL, options.quality, "quality");
  set(VP8E_SET_CPUUSED, vp9 ? 5 : 2, "speed");  // for VP9 a sixth of the time for a quarter more bytes
  if (vp9) {
    set(VP9E_SET_ROW_MT, 0, "row threads");
    set(VP9E_SET_TILE_COLUMNS, 0, "tiles");
    set(VP9E_SET_COLOR_SPACE, static_cast<int>(VPX_CS_BT_601), "colour space");
    set(VP9E_SET_COLOR_RANGE, static_cast<int>(VPX_CR_STUDIO_RANGE), "colour range");
  }
}

VpxEncoder::~VpxEncoder() = default;

std::vector<VpxFrame> VpxEncoder::Encode(const I420& picture) {
  if (picture.width != options_.width || picture.height != options_.height) {
    Fail(fmt::format("video frame: {}x{}: expected {}x{}", picture.width, picture.height, options_.width,
                     options_.height));
  }
  vpx_image_t image;
  // The library takes planes by pointers that are not const, and does not write to them.
  auto* const y = const_cast<uint8_t*>(picture.y.data());
  Require(vpx_img_wrap(&image, VPX_IMG_FMT_I420, static_cast<unsigned>(picture.width),
                       static_cast<unsigned>(picture.height), 1, y) != nullptr,
          "video frame: cannot be described to the encoder");
  image.planes[VPX_PLANE_Y] = y;
  image.planes[VPX_PLANE_U] = const_cast<uint8_t*>(picture.cb.data());
  image.planes[VPX_PLANE_V] = const_cast<uint8_t*>(picture.cr.data());
  image.stride[VPX_PLANE_Y] = picture.width;
  image.stride[VPX_PLANE_U] = picture.chroma_width();
  image.stride[VPX_PLANE_V] = picture.chroma_width();
  image.cs = VPX_CS_BT_601;
  image.range = VPX_CR_STUDIO_RANGE;
  codec_->Check(vpx_codec_encode(&codec_->context, &image, next_index_++, 1, 0, Deadline(options_.codec)),
                "frame");
  return Collect();
}

std::vector<VpxFrame> VpxEncoder::Flush() {
  std::vector<VpxFrame> frames;
  for (;;) {
    codec_->Check(vpx_codec_encode(&codec_->context, nullptr, -1, 1, 0, Deadline(options_.codec)), "end");
    std::vector<VpxFrame> more = Collect();
    if (more.empty()) return frames;
    for (VpxFrame& frame : more) frames.push_back(std::move(frame));
  }
}

std::vector<VpxFrame> VpxEncoder::Collect() {
  std::vector<VpxFrame> frames;
  vpx_codec_iter_t iterator = nullptr;
  while (const vpx_codec_cx_pkt_t* packet = vpx_codec_get_cx_data(&codec_->context, &iterator)) {
    if (packet->kind != VPX_CODEC_CX_FRAME_PKT) continue;
    const auto& frame = packet->data.frame;
    frames.push_back({std::string(static_cast<const char*>(frame.buf), frame.sz), frame.pts,
                      (frame.flags & VPX_FRAME_IS_KEY) != 0});
  }
  return frames;
}

}  // namespace deerbench
