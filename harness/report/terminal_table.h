// The tables that the program prints: aligned by what a terminal shows, not by bytes. One look for every
// verb.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace deerbench {

// Columns that UTF-8 text takes on a terminal: combining marks and ANSI escapes 0, East Asian wide characters
// and emoji 2. A byte that is not UTF-8 counts 1.
int DisplayWidth(std::string_view text);

// `text` cut to at most `width` columns, its last one an ellipsis where something was cut.
std::string Shorten(std::string_view text, int width);

// A horizontal bar of `width` columns in eighths of a column, padded with spaces. `fraction` is clamped to
// [0, 1]; NaN draws none.
std::string TextBar(double fraction, int width);

enum class Align { kLeft, kRight };
enum class Tone { kPlain, kDim, kBold, kGood, kFair, kBad, kAccent };

// Red below 0.5, yellow below 0.9, green from there on.
Tone ToneOfRate(double rate);

struct Cell {
  Cell(std::string text_in, Tone tone_in = Tone::kPlain) : text(std::move(text_in)), tone(tone_in) {}
  Cell(const char* text_in, Tone tone_in = Tone::kPlain) : text(text_in), tone(tone_in) {}
  // A bar as wide as its column turns out to be.
  static Cell Bar(double fraction, Tone tone = Tone::kAccent);

  std::string text;
  Tone tone;
  std::optional<double> bar;
};

struct Column {
  std::string title;
  Align align = Align::kLeft;
  int bar_width = 20;  // columns that a bar in it would like to have; at least kMinBarWidth
};

// Fill, then Render. Example:
//   Table table({{"task"}, {"rate", Align::kRight}, {""}});
//   table.Section("Lift");
//   table.Row({"lift_red_block_table", "96 %", Cell::Bar(0.96)});
class Table {
 public:
  static constexpr int kMinBarWidth = 6;

  // Throws Error without columns.
  explicit Table(std::vector<Column> columns);

  // One cell a column; missing ones are empty, more than the columns throw Error.
  void Row(std::vector<Cell> cells);
  // A heading across the columns, set off by an empty line.
  void Section(std::string title);
  // A horizontal line.
  void Rule();

  // Lines ending in '\n', none wider than `width` columns: first bars give way, then the widest left-aligned
  // column is shortened. With `color` the tones become ANSI colours. The title row is left out if no column
  // has a title.
  std::string Render(int width = 100, bool color = false) const;

 private:
  enum class Kind { kRow, kSection, kRule };
  struct Line {
    Kind kind;
    std::vector<Cell> cells;
  };
  std::vector<int> Widths(int width) const;

  std::vector<Column> columns_;
  std::vector<Line> lines_;
};

}  // namespace deerbench
