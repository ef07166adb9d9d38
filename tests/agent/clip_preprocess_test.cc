#include "agent/clip_preprocess.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "base/error.h"

namespace deerbench {
namespace {

std::vector<uint8_t> Noise(int width, int height) {
  std::mt19937 generator(static_cast<unsigned>(width * 1000 + height));
  std::vector<uint8_t> bytes(static_cast<size_t>(width) * height * 3);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(generator());
  return bytes;
}

// Pixel by pixel: rows first, to bytes, then columns.
std::vector<uint8_t> ResizedPlainly(const std::vector<uint8_t>& rgb, int width, int height, int out_width,
                                    int out_height) {
  const auto blend = [](const BicubicTap& tap, const auto& byte_at) {
    int64_t sum = 1 << (kBicubicFractionBits - 1);
    for (size_t k = 0; k < tap.weights.size(); ++k)
      sum += int64_t{tap.weights[k]} * byte_at(tap.first + static_cast<int>(k));
    return static_cast<uint8_t>(std::clamp<int64_t>(sum >> kBicubicFractionBits, 0, 255));
  };
  const std::vector<BicubicTap> along_row = BicubicTaps(width, out_width);
  const std::vector<BicubicTap> along_column = BicubicTaps(height, out_height);
  std::vector<uint8_t> wide, out;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < out_width; ++x) {
      for (int c = 0; c < 3; ++c)
        wide.push_back(blend(along_row[x], [&](int from) { return rgb[(y * width + from) * 3 + c]; }));
    }
  }
  for (int y = 0; y < out_height; ++y) {
    for (int i = 0; i < out_width * 3; ++i)
      out.push_back(blend(along_column[y], [&](int from) { return wide[from * out_width * 3 + i]; }));
  }
  return out;
}

}  // namespace

TEST_CASE("Whole lines resized at once equal pixel by pixel, smaller, larger and at any odd size") {
  struct Case {
    int width, height, out_width, out_height;
  };
  for (const Case& c : {Case{200, 200, 28, 28},
                        {84, 84, 28, 28},
                        {33, 17, 50, 40},
                        {16, 16, 16, 5},
                        {5, 48, 9, 48},
                        {1, 1, 3, 2},
                        {64, 31, 17, 33}}) {
    CAPTURE(c.width, c.height, c.out_width, c.out_height);
    const std::vector<uint8_t> rgb = Noise(c.width, c.height);
    BicubicResizer resizer(c.width, c.height, c.out_width, c.out_height);
    for (int time = 0; time < 2; ++time) {
      const auto resized = resizer.Run(rgb);
      CHECK(std::ranges::equal(resized, ResizedPlainly(rgb, c.width, c.height, c.out_width, c.out_height)));
    }
  }
}

TEST_CASE(
    "A preprocessor of one picture after another, of other sizes too, gives each what it would get alone") {
  ClipPreprocessor preprocessor(20);
  for (const auto& [width, height] :
       {std::pair{200, 200}, {200, 200}, {84, 84}, {40, 30}, {20, 20}, {200, 200}}) {
    CAPTURE(width, height);
    const std::vector<uint8_t> rgb = Noise(width, height);
    const auto image = preprocessor.Run(rgb, width, height);
    REQUIRE(image.size() == 3 * 20 * 20);
    CHECK(std::ranges::equal(image, ClipPreprocess(rgb, width, height, 20)));
    if (width == 20) {
      const size_t pixel = 7 * 20 + 3;
      for (size_t c = 0; c < 3; ++c) {
        CHECK(image[c * 400 + pixel] ==
              Approx((rgb[pixel * 3 + c] / 255.0 - kClipMean[c]) / kClipDeviation[c]).margin(1e-6));
      }
    }
  }
}

TEST_CASE("Pictures without pixels or of another size than said are refused") {
  CHECK_THROWS_AS(BicubicResizer(0, 4, 2, 2), Error);
  CHECK_THROWS_AS(BicubicResizer(4, 4, 2, 0), Error);
  CHECK_THROWS_AS(ResizeBicubic(Noise(4, 4), 4, 5, 2, 2), Error);
  CHECK_THROWS_AS(ClipPreprocess(Noise(4, 4), 4, 3, 2), Error);
  CHECK_THROWS_AS(ClipPreprocess({}, 0, 0, 2), Error);
}

}  // namespace deerbench
