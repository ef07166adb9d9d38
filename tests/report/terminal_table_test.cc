#include "harness/report/terminal_table.h"

#include <catch2/catch.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"

namespace deerbench {
namespace {

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The display column at which `needle` starts in `line`.
int ColumnOf(const std::string& line, const std::string& needle) {
  const size_t at = line.find(needle);
  REQUIRE(at != std::string::npos);
  return DisplayWidth(line.substr(0, at));
}

TEST_CASE("Display width counts what a terminal shows") {
  CHECK(DisplayWidth("drawer") == 6);
  CHECK(DisplayWidth("Schublade öffnen") == 16);
  CHECK(DisplayWidth("抽屉") == 4);
  CHECK(DisplayWidth("e\xCC\x81") == 1);
  CHECK(DisplayWidth("\x1b[32mgreen\x1b[0m") == 5);
  CHECK(DisplayWidth("\xFF") == 1);
}

TEST_CASE("Text is shortened to its columns without splitting a character") {
  CHECK(Shorten("drawer", 6) == "drawer");
  CHECK(Shorten("drawers", 6) == "drawe…");
  CHECK(Shorten("öffnen", 3) == "öf…");
  CHECK(DisplayWidth(Shorten("抽屉抽屉", 4)) <= 4);
  CHECK(Shorten("abc", 0).empty());
}

TEST_CASE("A bar always takes its width and fills in proportion") {
  for (const double fraction : {-1.0, 0.0, 0.01, 0.5, 0.999, 1.0, 7.0})
    CHECK(DisplayWidth(TextBar(fraction, 10)) == 10);
  CHECK(TextBar(0.5, 4) == "██  ");
  CHECK(TextBar(1.0 / 8, 1) == "▏");
  CHECK(TextBar(1, 3) == "███");
}

TEST_CASE("Cells stay in their columns whatever the script of the text") {
  Table table({{"task"}, {"rate", Align::kRight}, {"note"}});
  table.Row({"open_drawer", "100 %", "plain"});
  table.Row({"öffne die Schublade", "9 %", "umlaut"});
  table.Row({"抽屉", "55 %", "wide"});
  const auto lines = Lines(table.Render(80));
  REQUIRE(lines.size() == 5);
  CHECK(ColumnOf(lines[2], "plain") == ColumnOf(lines[3], "umlaut"));
  CHECK(ColumnOf(lines[2], "plain") == ColumnOf(lines[4], "wide"));
  CHECK(ColumnOf(lines[2], "%") == ColumnOf(lines[3], "%"));
  CHECK(ColumnOf(lines[0], "note") == ColumnOf(lines[2], "plain"));
}

TEST_CASE("No line is wider than asked for, and numbers outlive words") {
  Table table({{"task"}, {"successes", Align::kRight}, {"rate"}});
  table.Section("A family with a rather long heading that does not fit");
  table.Row({"push_into_drawer_with_a_long_name", "123/456", Cell::Bar(0.7)});
  for (const int width : {100, 60, 40, 30}) {
    const std::string text = table.Render(width);
    for (const std::string& line : Lines(text)) CHECK(DisplayWidth(line) <= width);
    CHECK(text.find("123/456") != std::string::npos);
  }
}

TEST_CASE("Colour changes neither layout nor trailing space") {
  Table table({{"task"}, {"rate", Align::kRight}});
  table.Section("Lift");
  table.Row({"lift_red_block_table", Cell("96 %", Tone::kGood)});
  table.Rule();
  const auto plain = Lines(table.Render(60, false));
  const auto color = Lines(table.Render(60, true));
  REQUIRE(plain.size() == color.size());
  for (size_t i = 0; i < plain.size(); ++i) {
    CHECK(DisplayWidth(plain[i]) == DisplayWidth(color[i]));
    CHECK((plain[i].empty() || plain[i].back() != ' '));
  }
  CHECK(table.Render(60, false).find('\x1b') == std::string::npos);
  CHECK(table.Render(60, true).find("\x1b[32m96 %\x1b[0m") != std::string::npos);
}

TEST_CASE("A row with more cells than columns is refused") {
  Table table({{"one"}});
  CHECK_THROWS_AS(table.Row({"a", "b"}), Error);
  CHECK_THROWS_AS(Table({}), Error);
}

}  // namespace
}  // namespace deerbench
