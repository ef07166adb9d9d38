#include "base/png.h"

#include <zlib.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "base/error.h"

namespace deerbench {
namespace {

PngImage Checker(int width, int height, int channels) {
  PngImage image{width, height, channels, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c)
        image.pixels.push_back(static_cast<uint8_t>((x * 37 + y * 91 + c * 53) & 255));
  return image;
}

TEST_CASE("A PNG image read back equals what was written") {
  const auto file = std::filesystem::temp_directory_path() / "deerbench_png_test.png";
  for (int channels : {3, 4}) {
    const PngImage image = Checker(13, 7, channels);
    WritePng(file, image.width, image.height, channels, image.pixels);
    const PngImage back = ReadPng(file, channels);
    CHECK(back.width == 13);
    CHECK(back.height == 7);
    CHECK(back.pixels == image.pixels);
  }
  std::filesystem::remove(file);
}

TEST_CASE("Reading as RGB drops alpha and keeps the colour under it") {
  const PngImage image = Checker(5, 4, 4);
  const PngImage rgb = DecodePng(EncodePng(5, 4, 4, image.pixels), 3, "image");
  for (size_t i = 0; i < 20; ++i)
    for (size_t c = 0; c < 3; ++c) CHECK(rgb.pixels[3 * i + c] == image.pixels[4 * i + c]);
}

TEST_CASE("A missing, broken or truncated PNG file is an error that names it") {
  CHECK_THROWS_WITH(ReadPng("no/such.png", 3), Catch::Contains("no/such.png"));
  const std::vector<uint8_t> text = {'h', 'e', 'l', 'l', 'o'};
  CHECK_THROWS_WITH(DecodePng(text, 3, "a.png"), Catch::Contains("a.png") && Catch::Contains("PNG"));
  std::vector<uint8_t> bytes = EncodePng(13, 7, 3, Checker(13, 7, 3).pixels);
  bytes.resize(bytes.size() / 2);
  CHECK_THROWS_AS(DecodePng(bytes, 3, "a.png"), Error);
}

TEST_CASE("A PNG header that promises an enormous image is refused before memory is taken") {
  std::vector<uint8_t> bytes = EncodePng(13, 7, 3, Checker(13, 7, 3).pixels);
  bytes[17] = 0x0f, bytes[21] = 0x0f;  // width and height in IHDR: a million each
  const uLong crc = crc32(0, &bytes[12], 17);
  for (int i = 0; i < 4; ++i) bytes[29 + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
  CHECK_THROWS_WITH(DecodePng(bytes, 4, "a.png"), Catch::Contains("a.png"));
}

TEST_CASE("Pixels that do not fit the given size are refused") {
  const std::vector<uint8_t> pixels(10);
  CHECK_THROWS_AS(EncodePng(2, 2, 3, pixels), Error);
  CHECK_THROWS_AS(EncodePng(2, 5, 1, pixels), Error);
}

}  // namespace
}  // namespace deerbench
