#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "harness/report/i420.h"
#include "harness/report/video_writer.h"
#include "harness/report/webm.h"
#include "harness/report/webp.h"
#include "tests/report/synthetic_run.h"
#include "tests/report/webm_reader.h"
#include "tests/support/temporary_folder.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

int FileCount(const fs::path& folder) {
  return static_cast<int>(std::distance(fs::directory_iterator(folder), fs::directory_iterator{}));
}

void WriteVideo(const fs::path& path, int size, int frames) {
  VideoWriter writer(path, size, size, 30);
  for (int i = 0; i < frames; ++i) writer.Add(SyntheticView(size, static_cast<double>(i) / frames).rgb());
  writer.Finish();
}

// BT.601 limited range back to RGB, of the pixel at (x, y).
Rgb Pixel(const vpx_image_t& image, int x, int y) {
  const auto at = [&](int plane, int px, int py) {
    return static_cast<double>(image.planes[plane][py * image.stride[plane] + px]);
  };
  const double luma = 1.164384 * (at(0, x, y) - 16);
  const double cb = at(1, x / 2, y / 2) - 128, cr = at(2, x / 2, y / 2) - 128;
  const auto clip = [](double v) { return static_cast<uint8_t>(std::min(255.0, std::max(0.0, v + 0.5))); };
  return {clip(luma + 1.596027 * cr), clip(luma - 0.391762 * cb - 0.812968 * cr), clip(luma + 2.017232 * cb)};
}

// Decodes frames in order; calls `look` with each picture.
template <typename Look>
void Decode(const vpx_codec_iface_t* interface, const std::vector<std::string>& frames, Look look) {
  vpx_codec_ctx_t context;
  REQUIRE(vpx_codec_dec_init(&context, const_cast<vpx_codec_iface_t*>(interface), nullptr, 0) ==
          VPX_CODEC_OK);
  for (const std::string& frame : frames) {
    REQUIRE(vpx_codec_decode(&context, reinterpret_cast<const uint8_t*>(frame.data()),
                             static_cast<unsigned>(frame.size()), nullptr, 0) == VPX_CODEC_OK);
    vpx_codec_iter_t iterator = nullptr;
    while (const vpx_image_t* image = vpx_codec_get_frame(&context, &iterator)) look(*image);
  }
  vpx_codec_destroy(&context);
}

int Difference(const Rgb& a, const Rgb& b) {
  return std::max({std::abs(a.r - b.r), std::abs(a.g - b.g), std::abs(a.b - b.b)});
}

TEST_CASE("Limited-range BT.601 keeps grey grey and puts the primaries where the standard does") {
  const struct {
    Rgb rgb;
    int y, cb, cr;
  } cases[] = {{{0, 0, 0}, 16, 128, 128},  {{255, 255, 255}, 235, 128, 128}, {{128, 128, 128}, 126, 128, 128},
               {{255, 0, 0}, 81, 90, 240}, {{0, 255, 0}, 145, 54, 34},       {{0, 0, 255}, 41, 240, 110}};
  for (const auto& c : cases) {
    I420 planes;
    ToI420(Picture(3, 3, c.rgb).view(), planes);
    CHECK(planes.chroma_width() == 2);
    for (const uint8_t y : planes.y) CHECK(int{y} == c.y);
    for (const uint8_t cb : planes.cb) CHECK(int{cb} == c.cb);
    for (const uint8_t cr : planes.cr) CHECK(int{cr} == c.cr);
  }
}

TEST_CASE("A video has a block a frame, its duration, its colours' meaning and an index to its key frames") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.webm";
  WriteVideo(path, 96, 151);
  const WebmFile file = ParseWebm(ReadFile(path));
  CHECK(file.doc_type == "webm");
  CHECK(file.codec == "V_VP9");
  CHECK(file.width == 96);
  CHECK(file.height == 96);
  CHECK(file.matrix == 6);
  CHECK(file.range == 1);
  CHECK(file.duration_ms == Approx(151 * 1000.0 / 30).margin(1));
  REQUIRE(file.blocks.size() == 151);
  for (size_t i = 0; i < file.blocks.size(); ++i) {
    CHECK(std::abs(static_cast<double>(file.block_times_ms[i]) - static_cast<double>(i) * 1000 / 30) <= 1);
  }
  CHECK(file.cues_before_clusters);
  CHECK(file.cues.size() >= 3);  // at least every second second
  for (const WebmFile::Cue& cue : file.cues) {
    CHECK(cue.at_cluster);
    CHECK(cue.time_ms == cue.cluster_time_ms);
  }
  for (size_t i = 0; i < file.blocks.size(); ++i) {
    bool indexed = false;
    for (const WebmFile::Cue& cue : file.cues)
      indexed |= static_cast<int64_t>(cue.time_ms) == file.block_times_ms[i];
    CHECK(indexed == file.block_is_key[i]);
  }
}

TEST_CASE("A decoder gets back every frame, close to what went in") {
  const TemporaryFolder folder;
  WriteVideo(folder.path() / "a.webm", 96, 40);
  const WebmFile file = ParseWebm(ReadFile(folder.path() / "a.webm"));
  int frame = 0;
  Decode(vpx_codec_vp9_dx(), file.blocks, [&](const vpx_image_t& image) {
    const Picture expected = SyntheticView(96, frame / 40.0);
    CHECK(image.cs == VPX_CS_BT_601);
    CHECK(image.range == VPX_CR_STUDIO_RANGE);
    for (const auto& [x, y] : {std::pair{5, 5}, {23, 55}, {72, 50}, {20, 80}}) {
      CHECK(Difference(Pixel(image, x, y), expected.at(x, y)) <= 14);
    }
    ++frame;
  });
  CHECK(frame == 40);
}

TEST_CASE("The same frames make the same bytes") {
  const TemporaryFolder folder;
  WriteVideo(folder.path() / "a.webm", 64, 70);
  WriteVideo(folder.path() / "b.webm", 64, 70);
  CHECK(ReadFile(folder.path() / "a.webm") == ReadFile(folder.path() / "b.webm"));
}

TEST_CASE("Odd sizes are encoded as they are") {
  const TemporaryFolder folder;
  WriteVideo(folder.path() / "a.webm", 33, 3);
  const WebmFile file = ParseWebm(ReadFile(folder.path() / "a.webm"));
  CHECK(file.width == 33);
  CHECK(file.blocks.size() == 3);
}

TEST_CASE("A video that was not finished or cannot be leaves no file") {
  const TemporaryFolder folder;
  {
    VideoWriter writer(folder.path() / "a.webm", 32, 32, 30);
    for (int i = 0; i < 40; ++i) writer.Add(SyntheticView(32, 0.5).rgb());
  }
  CHECK(FileCount(folder.path()) == 0);
  VideoWriter empty(folder.path() / "b.webm", 32, 32, 30);
  CHECK_THROWS_AS(empty.Finish(), Error);
  CHECK(FileCount(folder.path()) == 0);
  VideoWriter nowhere(folder.path() / "missing" / "c.webm", 32, 32, 30);
  nowhere.Add(SyntheticView(32, 0).rgb());
  CHECK_THROWS_WITH(nowhere.Finish(), Catch::Contains("missing"));
  CHECK_THROWS_AS(nowhere.Add(SyntheticView(32, 0).rgb()), Error);
}

TEST_CASE("Sizes and rates that make no video are refused by name") {
  CHECK_THROWS_WITH(VideoWriter("x.webm", 0, 32, 30), Catch::Contains("video size: 0x32"));
  CHECK_THROWS_WITH(VideoWriter("x.webm", 32, 32, 0), Catch::Contains("video fps: 0"));
  VideoWriter writer("x.webm", 32, 32, 30);
  CHECK_THROWS_WITH(writer.Add(SyntheticView(31, 0).rgb()), Catch::Contains("2883 bytes for 32x32"));
}

TEST_CASE("A WebP picture is one VP8 key frame that decodes to the picture") {
  const Picture picture = SyntheticView(101, 0.3);
  const std::string webp = EncodeWebp(picture.view());
  CHECK(webp.substr(0, 4) == "RIFF");
  CHECK(webp.substr(8, 8) == "WEBPVP8 ");
  const auto size = [&](size_t at) {
    size_t value = 0;
    for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<uint8_t>(webp[at + i]);
    return value;
  };
  CHECK(size(4) + 8 == webp.size());
  CHECK(webp.size() % 2 == 0);
  int pictures = 0;
  Decode(vpx_codec_vp8_dx(), {webp.substr(20, size(16))}, [&](const vpx_image_t& image) {
    ++pictures;
    CHECK(image.d_w == 101);
    CHECK(image.d_h == 101);
    for (const auto& [x, y] : {std::pair{5, 5}, {24, 57}, {76, 50}}) {
      CHECK(Difference(Pixel(image, x, y), picture.at(x, y)) <= 14);
    }
  });
  CHECK(pictures == 1);
}

}  // namespace
}  // namespace deerbench
