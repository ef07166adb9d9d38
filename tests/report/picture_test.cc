#include "harness/report/picture.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "harness/report/text.h"
#include "tests/report/synthetic_run.h"

namespace deerbench {
namespace {

// Pixels that differ from `background`.
int Inked(const Picture& picture, Rgb background = {}) {
  int count = 0;
  for (int y = 0; y < picture.height(); ++y) {
    for (int x = 0; x < picture.width(); ++x) count += picture.at(x, y) == background ? 0 : 1;
  }
  return count;
}

TEST_CASE("A view whose bytes do not fit its size is refused") {
  const std::vector<uint8_t> bytes(11);
  CHECK_THROWS_WITH(Picture(PictureView{2, 2, bytes}), Catch::Contains("11 bytes for 2x2"));
  CHECK_THROWS_AS(Picture(0, 3), Error);
}

TEST_CASE("Resizing keeps a flat colour flat and a picture's mean") {
  for (const int size : {1, 7, 84, 100, 200, 333}) {
    const Picture flat = Resize(Picture(100, 80, {13, 200, 255}).view(), size, size);
    CHECK(Inked(flat, {13, 200, 255}) == 0);
    double mean[2] = {};
    const Picture from = SyntheticView(100, 0.4);
    const Picture to = Resize(from.view(), size, size);
    for (const uint8_t v : from.rgb()) mean[0] += v / static_cast<double>(from.rgb().size());
    for (const uint8_t v : to.rgb()) mean[1] += v / static_cast<double>(to.rgb().size());
    CHECK(mean[0] == Approx(mean[1]).margin(1.0));
  }
  Picture two(2, 1);
  two.FillRect(1, 0, 1, 1, {255, 255, 255});
  const Picture four = Resize(two.view(), 4, 1);
  CHECK(four.at(0, 0).r < four.at(1, 0).r);
  CHECK(four.at(1, 0).r < four.at(2, 0).r);
}

TEST_CASE("Drawing outside a picture is cut off") {
  Picture picture(10, 10);
  picture.FillRect(-5, -5, 8, 8, {255, 0, 0});
  CHECK(Inked(picture) == 9);
  picture.Paste(Picture(4, 4, {0, 255, 0}).view(), 8, 8);
  CHECK(Inked(picture) == 13);
  picture.Paste(Picture(4, 4, {0, 0, 255}).view(), 40, -40, 2);
  CHECK(Inked(picture) == 13);
  CHECK_THROWS_AS(picture.Crop(5, 5, 6, 2), Error);
  CHECK(picture.Crop(8, 8, 2, 2).at(1, 1) == Rgb{0, 255, 0});
}

TEST_CASE("A rounded rectangle lacks its corners") {
  Picture picture(20, 20);
  picture.FillRect(0, 0, 20, 20, {255, 255, 255}, 8);
  CHECK(picture.at(0, 0) == Rgb{0, 0, 0});
  CHECK(picture.at(10, 0) == Rgb{255, 255, 255});
  CHECK(picture.at(10, 10) == Rgb{255, 255, 255});
}

TEST_CASE("Text is as wide as it says, and each printable character leaves its own ink") {
  const TextStyle style{.cap_height_px = 14};
  std::vector<std::vector<uint8_t>> seen;
  Picture box(40, 40);
  DrawText(box, "\x7F", 8, 8, style);
  seen.emplace_back(box.rgb().begin(), box.rgb().end());
  for (char c = '!'; c <= '~'; ++c) {
    Picture picture(40, 40);
    const double width = DrawText(picture, std::string(1, c), 8, 8, style);
    CHECK(width == Approx(TextWidth(std::string(1, c), style)));
    CHECK(Inked(picture) > 0);
    for (int y = 0; y < 40; ++y) CHECK(picture.at(8 + static_cast<int>(width) + 2, y) == Rgb{});
    std::vector<uint8_t> rgb(picture.rgb().begin(), picture.rgb().end());
    INFO(c);
    CHECK(std::find(seen.begin(), seen.end(), rgb) == seen.end());
    seen.push_back(std::move(rgb));
  }
  CHECK(TextWidth("drawer drawer", style) > 2 * TextWidth("drawer", style));
}

TEST_CASE("Wrapped text keeps to its width and number of lines and ends in an ellipsis if cut") {
  const TextStyle style{.cap_height_px = 10};
  const std::string text = "lift the red block lying in the drawer and put it down on the tablé";
  const auto all = WrapText(text, 200, 9, style);
  std::string joined;
  for (const std::string& line : all) {
    CHECK(TextWidth(line, style) <= 200);
    joined += (joined.empty() ? "" : " ") + line;
  }
  CHECK(joined == text);
  const auto cut = WrapText(text, 200, 1, style);
  REQUIRE(cut.size() == 1);
  CHECK(TextWidth(cut[0], style) <= 200);
  CHECK(cut[0].ends_with("…"));
  const auto word = WrapText("incomprehensibilities", 60, 3, style);
  REQUIRE(word.size() == 1);
  CHECK(TextWidth(word[0], style) <= 60);
  CHECK(WrapText("", 100, 2, style).empty());
}

}  // namespace
}  // namespace deerbench
