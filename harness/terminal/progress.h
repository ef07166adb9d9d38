// Progress of long work on standard error: a bar that redraws itself on a terminal, a plain line now and then
// elsewhere.
#pragma once

#include <chrono>
#include <string>

namespace deerbench {

// What standard error is, as main found it.
struct Terminal {
  bool interactive = false;
  bool color = false;
  int width = 100;  // columns
};
Terminal QueryTerminal(bool no_color);

class ProgressBar {
 public:
  // `unit` in the plural: "chains". `done_before`: steps that cost no time now.
  ProgressBar(const Terminal& terminal, std::string unit, int total, int done_before);
  ~ProgressBar();

  // `note` is shown behind the count: "average length 3.1".
  void Update(int done, const std::string& note);
  // Keeps the clock running between updates.
  void Tick();
  // Prints a line without disturbing the bar.
  void Print(const std::string& line);
  // Removes the bar.
  void Finish();

 private:
  using Clock = std::chrono::steady_clock;
  std::string Line() const;
  void Draw();
  double RemainingSeconds() const;  // negative: unknown

  Terminal terminal_;
  std::string unit_, note_;
  int total_, done_before_, done_;
  Clock::time_point start_, drawn_;
  bool visible_ = false;
};

// "1:05", "1:02:03".
std::string FormatDuration(double seconds);

}  // namespace deerbench
