#include "harness/report/terminal_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <numeric>

#include "base/error.h"
#include "base/utf8.h"

namespace deerbench {
namespace {

constexpr int kIndent = 2;
constexpr int kGap = 2;

// Bytes of the ANSI escape (ESC [ ... letter) that starts `text`, 0 if none does.
size_t EscapeBytes(std::string_view text) {
  if (text.size() < 2 || text[0] != '\x1b' || text[1] != '[') return 0;
  for (size_t i = 2; i < text.size(); ++i) {
    if (text[i] >= '@' && text[i] <= '~') return i + 1;
  }
  return text.size();
}

// After Unicode's East Asian Width (W, F) and general category Mn, coarse: whole blocks.
int RuneWidth(uint32_t code) {
  constexpr std::array<std::array<uint32_t, 2>, 8> kZero = {{{0x0000, 0x001F},
                                                             {0x007F, 0x009F},
                                                             {0x0300, 0x036F},
                                                             {0x1AB0, 0x1AFF},
                                                             {0x1DC0, 0x1DFF},
                                                             {0x200B, 0x200F},
                                                             {0x20D0, 0x20FF},
                                                             {0xFE00, 0xFE0F}}};
  constexpr std::array<std::array<uint32_t, 2>, 8> kWide = {{{0x1100, 0x115F},
                                                             {0x2E80, 0x303E},
                                                             {0x3041, 0xA4CF},
                                                             {0xAC00, 0xD7A3},
                                                             {0xF900, 0xFAFF},
                                                             {0xFF00, 0xFF60},
                                                             {0x1F300, 0x1FAFF},
                                                             {0x20000, 0x3FFFD}}};
  const auto in = [code](const std::array<uint32_t, 2>& range) {
    return code >= range[0] && code <= range[1];
  };
  if (std::any_of(kZero.begin(), kZero.end(), in)) return 0;
  return std::any_of(kWide.begin(), kWide.end(), in) ? 2 : 1;
}

std::string Paint(std::string_view text, Tone tone, bool color) {
  // Kept to the 16 colours that every theme defines, so that light and dark terminals both stay readable.
  constexpr std::array<std::string_view, 7> kCodes = {"", "2", "1", "32", "33", "31", "36"};
  const std::string_view code = kCodes[static_cast<size_t>(tone)];
  if (!color || code.empty() || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string Spaces(int count) { return std::string(static_cast<size_t>(std::max(0, count)), ' '); }

std::string Repeat(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

}  // namespace

int DisplayWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    size_t bytes = EscapeBytes(text);
    if (bytes == 0) {
      const Utf8Character rune = DecodeUtf8(text);
      width += RuneWidth(rune.code);
      bytes = rune.bytes;
    }
    text.remove_prefix(bytes);
  }
  return width;
}

std::string Shorten(std::string_view text, int width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width <= 0) return "";
  std::string out;
  int used = 0;
  while (!text.empty()) {
    const size_t escape = EscapeBytes(text);
    const Utf8Character rune = DecodeUtf8(text);
    const int step = escape > 0 ? 0 : RuneWidth(rune.code);
    if (used + step > width - 1) break;
    const size_t bytes = escape > 0 ? escape : rune.bytes;
    out += text.substr(0, bytes);
    used += step;
    text.remove_prefix(bytes);
  }
  return out + "…";
}

std::string TextBar(double fraction, int width) {
  constexpr std::array<std::string_view, 8> kPart = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const double clamped = std::isnan(fraction) ? 0 : std::clamp(fraction, 0.0, 1.0);
  const int eighths = static_cast<int>(std::lround(clamped * 8 * width));
  const int full = eighths / 8;
  const std::string_view part = kPart[static_cast<size_t>(eighths % 8)];
  return Repeat("█", full) + std::string(part) + Spaces(width - full - (part.empty() ? 0 : 1));
}

Tone ToneOfRate(double rate) { return rate >= 0.9 ? Tone::kGood : rate >= 0.5 ? Tone::kFair : Tone::kBad; }

Cell Cell::Bar(double fraction, Tone tone) {
  Cell cell("", tone);
  cell.bar = fraction;
  return cell;
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {
  Require(!columns_.empty(), "table: 0 columns: expected at least one");
}

void Table::Row(std::vector<Cell> cells) {
  if (cells.size() > columns_.size()) {
    Fail(fmt::format("table row: {} cells: expected at most {}", cells.size(), columns_.size()));
  }
  cells.resize(columns_.size(), Cell(""));
  lines_.push_back({Kind::kRow, std::move(cells)});
}

void Table::Section(std::string title) {
  lines_.push_back({Kind::kSection, {Cell(std::move(title), Tone::kBold)}});
}

void Table::Rule() { lines_.push_back({Kind::kRule, {}}); }

std::vector<int> Table::Widths(int width) const {
  std::vector<int> widths;
  std::vector<int> text_widths;  // what the column needs without its bars
  for (size_t c = 0; c < columns_.size(); ++c) {
    int text = DisplayWidth(columns_[c].title);
    bool has_bar = false;
    for (const Line& line : lines_) {
      if (line.kind != Kind::kRow) continue;
      text = std::max(text, DisplayWidth(line.cells[c].text));
      has_bar = has_bar || line.cells[c].bar.has_value();
    }
    text_widths.push_back(has_bar ? std::max(text, kMinBarWidth) : text);
    widths.push_back(has_bar ? std::max(text_widths.back(), columns_[c].bar_width) : text);
  }
  const int gaps = kIndent + kGap * (static_cast<int>(columns_.size()) - 1);
  int excess = std::accumulate(widths.begin(), widths.end(), gaps) - width;
  for (size_t c = 0; c < widths.size() && excess > 0; ++c) {
    const int give = std::min(excess, widths[c] - text_widths[c]);
    widths[c] -= give;
    excess -= give;
  }
  // Numbers are never cut before words; equal columns give way from the left.
  for (const Align align : {Align::kLeft, Align::kRight}) {
    while (excess > 0) {
      int widest = -1;
      for (size_t c = 0; c < widths.size(); ++c) {
        const bool better = widest < 0 || widths[c] > widths[static_cast<size_t>(widest)];
        if (columns_[c].align == align && widths[c] > 1 && better) widest = static_cast<int>(c);
      }
      if (widest < 0) break;
      --widths[static_cast<size_t>(widest)];
      --excess;
    }
  }
  return widths;
}

std::string Table::Render(int width, bool color) const {
  const std::vector<int> widths = Widths(width);
  const int inner =
      std::accumulate(widths.begin(), widths.end(), kGap * (static_cast<int>(widths.size()) - 1));
  const std::string rule = Spaces(kIndent) + Paint(Repeat("─", inner), Tone::kDim, color) + "\n";
  std::string out;

  const auto add_row = [&](const std::vector<Cell>& cells) {
    std::string text;
    int pending = kIndent;  // spaces not written yet: a line carries none at its end
    for (size_t c = 0; c < cells.size(); ++c) {
      const std::string shown =
          cells[c].bar ? TextBar(*cells[c].bar, widths[c]) : Shorten(cells[c].text, widths[c]);
      const std::string trimmed = shown.substr(0, shown.find_last_not_of(' ') + 1);
      const int free = widths[c] - DisplayWidth(trimmed);
      const bool right = columns_[c].align == Align::kRight && !cells[c].bar;
      if (right) pending += free;
      if (!trimmed.empty()) {
        text += Spaces(pending) + Paint(trimmed, cells[c].tone, color);
        pending = 0;
      }
      pending += (right ? 0 : free) + kGap;
    }
    out += text + "\n";
  };

  const bool titled = std::any_of(columns_.begin(), columns_.end(),
                                  [](const Column& column) { return !column.title.empty(); });
  if (titled) {
    std::vector<Cell> titles;
    for (const Column& column : columns_) titles.emplace_back(column.title, Tone::kDim);
    add_row(titles);
    out += rule;
  }
  bool first = true;
  for (const Line& line : lines_) {
    if (line.kind == Kind::kRow) {
      add_row(line.cells);
    } else if (line.kind == Kind::kRule) {
      out += rule;
    } else {
      if (!first) out += "\n";
      out += Spaces(kIndent) + Paint(Shorten(line.cells[0].text, width - kIndent), Tone::kBold, color) + "\n";
    }
    first = false;
  }
  return out;
}

}  // namespace deerbench
