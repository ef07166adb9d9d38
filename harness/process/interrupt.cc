#include "harness/process/interrupt.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/error.h"

namespace deerbench {
namespace {

// A signal handler can reach nothing else.
std::atomic<int> interrupt_fd{-1};

void OnInterrupt(int) {
  const int error = errno;
  const char byte = 1;
  if (write(interrupt_fd.load(), &byte, 1) < 0) {
    // The pipe is full: it is readable already.
  }
  errno = error;
}

}  // namespace

InterruptPipe::InterruptPipe() {
  Require(interrupt_fd.load() < 0, "InterruptPipe: one exists already");
  Require(pipe2(fds_.data(), O_CLOEXEC | O_NONBLOCK) == 0, "cannot make a pipe");
  interrupt_fd = fds_[1];
  for (size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = kSignals[i] == SIGPIPE ? SIG_IGN : OnInterrupt;
    action.sa_flags = SA_RESTART;
    sigaction(kSignals[i], &action, &before_[i]);
    if (kSignals[i] == SIGHUP && before_[i].sa_handler == SIG_IGN) sigaction(SIGHUP, &before_[i], nullptr);
  }
}

InterruptPipe::~InterruptPipe() {
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  interrupt_fd = -1;
  close(fds_[0]);
  close(fds_[1]);
}

}  // namespace deerbench
