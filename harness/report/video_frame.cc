#include "harness/report/video_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/report/text.h"

namespace deerbench {
namespace {

constexpr Rgb kBackground{17, 21, 28};
constexpr Rgb kCard{34, 41, 52};
constexpr Rgb kBright{236, 241, 248};
constexpr Rgb kMuted{128, 139, 154};
constexpr Rgb kGood{63, 185, 80};
constexpr Rgb kBad{248, 81, 73};
constexpr Rgb kAccent{88, 166, 255};

constexpr int kStatic = VideoFrame::kStaticSize;
constexpr int kLeft = kStatic + 22;
constexpr int kRight = VideoFrame::kWidth - 22;
constexpr int kListTop = 50;
constexpr int kLine = 19;
constexpr double kSentence = 10.5;  // cap height
constexpr int kGripper = VideoFrame::kGripperSize;
constexpr int kGripperTop = VideoFrame::kHeight - 22 - kGripper;

void DrawIcon(Picture& picture, double x, double y, SubtaskState state) {
  const TextStyle mark{.cap_height_px = 7.5, .color = kBackground, .bold = true};
  const auto disc = [&](double radius, Rgb color) {
    picture.FillRect(x + 9 - radius, y + 9 - radius, 2 * radius, 2 * radius, color, radius);
  };
  const auto put = [&](const char* text) {
    DrawText(picture, text, x + 9 - TextWidth(text, mark) / 2, y + 5.2, mark);
  };
  switch (state) {
    case SubtaskState::kPending:
      disc(8, kMuted);
      disc(6.5, kBackground);
      break;
    case SubtaskState::kRunning:
      disc(9, kAccent);
      disc(7.2, kBackground);
      disc(4.2, kAccent);
      break;
    case SubtaskState::kDone:
      disc(9, kGood);
      put("✓");
      break;
    case SubtaskState::kFailed:
      disc(9, kBad);
      put("✗");
      break;
  }
}

}  // namespace

VideoFrame::VideoFrame(std::string title, std::vector<std::string> instructions)
    : title_(std::move(title)),
      instructions_(std::move(instructions)),
      states_(instructions_.size(), SubtaskState::kPending) {}

void VideoFrame::SetState(int subtask, SubtaskState state) {
  states_.at(static_cast<size_t>(subtask)) = state;
  panel_ = {};
}

void VideoFrame::DrawPanel() {
  panel_ = Picture(kWidth, kHeight, kBackground);
  const TextStyle title{.cap_height_px = 9.5, .color = kMuted};
  for (const std::string& line : WrapText(title_, kRight - kLeft, 1, title))
    DrawText(panel_, line, kLeft, 22, title);
  // Two lines each if they fit, else one; the room that is left goes between them.
  constexpr int kRoom = kGripperTop - 22 - kListTop;
  const int count = static_cast<int>(instructions_.size());
  const int lines_each = 2 * count * kLine <= kRoom ? 2 : 1;
  std::vector<std::vector<std::string>> items;
  int lines_used = 0;
  for (const std::string& instruction : instructions_) {
    // Measured in bold, which it is while it runs: nothing moves when it becomes so.
    items.push_back(
        WrapText(instruction, kRight - kLeft - 30, lines_each, {.cap_height_px = kSentence, .bold = true}));
    if (items.back().empty()) items.back().emplace_back();
    lines_used += static_cast<int>(items.back().size());
  }
  const int gap = std::clamp((kRoom - lines_used * kLine) / std::max(1, count), 2, 16);
  int y = kListTop;
  for (size_t i = 0; i < items.size(); ++i) {
    const TextStyle style{.cap_height_px = kSentence,
                          .color = states_[i] == SubtaskState::kPending ? kMuted : kBright,
                          .bold = states_[i] == SubtaskState::kRunning};
    DrawIcon(panel_, kLeft, y - 4, states_[i]);
    for (const std::string& line : items[i]) {
      DrawText(panel_, line, kLeft + 30, y, style);
      y += kLine;
    }
    y += gap;
  }
  panel_.FillRect(kLeft - 2, kGripperTop - 2, kGripper + 4, kGripper + 4, kCard, 10);
}

const Picture& VideoFrame::Compose(const PictureView& static_view, const PictureView& gripper_view,
                                   int subtask, int step) {
  if (panel_.width() == 0) DrawPanel();
  frame_ = panel_;
  frame_.Paste(Resize(static_view, kStatic, kStatic).view(), 0, 0);
  frame_.Paste(Resize(gripper_view, kGripper, kGripper).view(), kLeft, kGripperTop, 8);

  const TextStyle label{.cap_height_px = 9, .color = kMuted};
  const TextStyle number{.cap_height_px = 22, .color = kBright};
  const int x = kLeft + kGripper + 22;
  DrawText(frame_, "subtask", x, kGripperTop + 6, label);
  const double width = DrawText(frame_, fmt::format("{}", subtask + 1), x, kGripperTop + 26, number);
  DrawText(frame_, fmt::format("of {}", instructions_.size()), x + width + 8, kGripperTop + 39, label);
  DrawText(frame_, "step", x, kGripperTop + 82, label);
  DrawText(frame_, fmt::format("{}", step), x, kGripperTop + 102, number);
  return frame_;
}

}  // namespace deerbench
