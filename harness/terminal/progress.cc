#include "harness/terminal/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "harness/report/terminal_table.h"

namespace deerbench {
namespace {

constexpr std::chrono::milliseconds kRedraw{200};
constexpr std::chrono::seconds kPlainLine{15};
constexpr int kMaxWidth = 120;

void Write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

Terminal QueryTerminal(bool no_color) {
  Terminal terminal;
  terminal.interactive = isatty(STDERR_FILENO) == 1;
  terminal.color = terminal.interactive && !no_color;
  winsize size{};
  if (terminal.interactive && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    terminal.width = std::min<int>(size.ws_col, kMaxWidth);
  return terminal;
}

ProgressBar::ProgressBar(const Terminal& terminal, std::string unit, int total, int done_before)
    : terminal_(terminal),
      unit_(std::move(unit)),
      total_(total),
      done_before_(done_before),
      done_(done_before),
      start_(Clock::now()),
      drawn_(start_) {
  if (terminal_.interactive) Draw();
}

ProgressBar::~ProgressBar() { Finish(); }

void ProgressBar::Update(int done, const std::string& note) {
  done_ = done;
  note_ = note;
  if (terminal_.interactive) return Draw();
  if (Clock::now() - drawn_ < kPlainLine && done < total_) return;
  drawn_ = Clock::now();
  Write(Line() + "\n");
}

void ProgressBar::Tick() {
  if (terminal_.interactive && Clock::now() - drawn_ >= kRedraw) Draw();
}

void ProgressBar::Print(const std::string& line) {
  const bool was_visible = visible_;
  Finish();
  Write(line + "\n");
  if (was_visible) Draw();
}

void ProgressBar::Finish() {
  if (visible_) Write("\r\x1b[K");
  visible_ = false;
}

double ProgressBar::RemainingSeconds() const {
  const int now = done_ - done_before_;
  if (now <= 0) return -1;
  const double elapsed_s = std::chrono::duration<double>(Clock::now() - start_).count();
  return elapsed_s / now * (total_ - done_);
}

std::string ProgressBar::Line() const {
  const double remaining_s = RemainingSeconds();
  std::string text = fmt::format("{}/{} {}", done_, total_, unit_);
  if (!note_.empty()) text += " · " + note_;
  if (done_ < total_ && remaining_s >= 0) text += " · " + FormatDuration(remaining_s) + " left";
  return text;
}

void ProgressBar::Draw() {
  const double fraction = static_cast<double>(done_) / std::max(1, total_);
  const std::string elapsed = FormatDuration(std::chrono::duration<double>(Clock::now() - start_).count());
  const std::string text = Line() + " · " + elapsed;
  const int bar_width = std::clamp(terminal_.width - DisplayWidth(text) - 4, 8, 40);
  const std::string bar = TextBar(fraction, bar_width);
  const std::string line = Shorten(text, terminal_.width - bar_width - 3);
  Write(terminal_.color ? fmt::format("\r\x1b[K\x1b[36;48;5;236m{}\x1b[0m {}", bar, line)
                        : fmt::format("\r\x1b[K{} {}", bar, line));
  visible_ = true;
  drawn_ = Clock::now();
}

std::string FormatDuration(double seconds) {
  const auto whole = static_cast<int64_t>(std::llround(std::max(0.0, seconds)));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace deerbench
