// Ctrl-C as something to wait for.
#pragma once

#include <signal.h>

#include <array>

namespace deerbench {

// While it lives, SIGINT, SIGTERM and SIGHUP (unless ignored, as under nohup) make fd() readable instead of
// ending the process, and writing to a closed pipe is an error instead of a signal. One at a time.
class InterruptPipe {
 public:
  InterruptPipe();
  ~InterruptPipe();
  InterruptPipe(const InterruptPipe&) = delete;
  InterruptPipe& operator=(const InterruptPipe&) = delete;

  int fd() const { return fds_[0]; }

 private:
  static constexpr std::array<int, 4> kSignals = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
  std::array<int, 2> fds_{};
  std::array<struct sigaction, 4> before_{};
};

}  // namespace deerbench
