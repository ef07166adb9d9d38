#include "harness/report/strip.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "harness/report/text.h"

namespace deerbench {
namespace {

constexpr Rgb kPaper{255, 255, 255};
constexpr Rgb kInk{31, 35, 40};
constexpr Rgb kDim{110, 118, 129};
constexpr Rgb kGood{26, 127, 55};
constexpr Rgb kBad{207, 34, 46};
constexpr int kInset = 58;  // side of the gripper's view; in the corner that the table leaves free
constexpr int kInsetMargin = 6;

void DrawBadge(Picture& picture, double x, double y, bool success) {
  const TextStyle mark{.cap_height_px = 8, .color = kPaper, .bold = true};
  const char* text = success ? "✓" : "✗";
  picture.FillRect(x, y, 18, 18, success ? kGood : kBad, 9);
  DrawText(picture, text, x + 9 - TextWidth(text, mark) / 2, y + 5, mark);
}

void DrawLabel(Picture& picture, const StripRow& row, int top) {
  const TextStyle sentence{.cap_height_px = 11, .color = kInk};
  const TextStyle aside{.cap_height_px = 9, .color = kDim};
  const int left = StripLayout::kMargin;
  const int right = picture.width() - StripLayout::kMargin;
  DrawBadge(picture, left, top + 9, row.success);
  const std::string steps = fmt::format("{} steps", row.steps);
  const double steps_width = TextWidth(steps, aside);
  const double room = right - left - 26 - steps_width - 16;
  const std::vector<std::string> lines =
      WrapText(fmt::format("{}. {}", row.number, row.instruction), room, 1, sentence);
  if (!lines.empty()) DrawText(picture, lines[0], left + 26, top + 12, sentence);
  DrawText(picture, steps, right - steps_width, top + 13, aside);
}

void DrawStepNumber(Picture& picture, int step, int x, int y) {
  const TextStyle style{.cap_height_px = 8, .color = {255, 255, 255}};
  const std::string text = fmt::format("{}", step);
  const double width = TextWidth(text, style) + 10;
  picture.FillRect(x + 6, y + StripLayout::kCell - 22, width, 16, {16, 20, 26}, 5, 0.72);
  DrawText(picture, text, x + 11, y + StripLayout::kCell - 18, style);
}

}  // namespace

Picture MakeStripCell(const PictureView& static_view, const PictureView& gripper_view) {
  constexpr int kCell = StripLayout::kCell;
  Picture cell = Resize(static_view, kCell, kCell);
  const int at = kCell - kInset - kInsetMargin;
  cell.FillRect(at - 2, at - 2, kInset + 4, kInset + 4, kPaper, 8);
  cell.Paste(Resize(gripper_view, kInset, kInset).view(), at, at, 6);
  return cell;
}

Picture MakeStrip(const std::vector<StripRow>& rows, int columns) {
  Require(!rows.empty(), "strip: 0 subtasks: expected at least one");
  Picture strip(StripLayout::Width(columns), StripLayout::RowHeight() * static_cast<int>(rows.size()),
                kPaper);
  for (int r = 0; r < static_cast<int>(rows.size()); ++r) {
    const StripRow& row = rows[static_cast<size_t>(r)];
    DrawLabel(strip, row, r * StripLayout::RowHeight());
    int x = StripLayout::kMargin;
    const int y = StripLayout::RowTop(r);
    for (const KeyFrame& frame : row.frames) {
      strip.Paste(frame.picture.view(), x, y, 6);
      DrawStepNumber(strip, frame.step, x, y);
      x += StripLayout::kCell + StripLayout::kGap;
    }
  }
  return strip;
}

std::vector<std::vector<Picture>> CutStrip(const Picture& strip) {
  constexpr int kPitch = StripLayout::kCell + StripLayout::kGap;
  const int columns = (strip.width() - StripLayout::Width(0)) / kPitch;
  const int rows = strip.height() / StripLayout::RowHeight();
  if (strip.width() != StripLayout::Width(columns) || strip.height() != StripLayout::RowHeight() * rows) {
    Fail(fmt::format("strip: {}x{} pixels: expected whole rows and columns of key frames", strip.width(),
                     strip.height()));
  }
  std::vector<std::vector<Picture>> out(static_cast<size_t>(rows));
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      Picture cell = strip.Crop(StripLayout::kMargin + c * kPitch, StripLayout::RowTop(r), StripLayout::kCell,
                                StripLayout::kCell);
      const auto is_paper = [](uint8_t v) { return v == 255; };
      if (!std::all_of(cell.rgb().begin(), cell.rgb().end(), is_paper))
        out[static_cast<size_t>(r)].push_back(std::move(cell));
    }
  }
  return out;
}

}  // namespace deerbench
