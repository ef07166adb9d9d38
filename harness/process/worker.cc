#include "harness/process/worker.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "base/error.h"

namespace deerbench {
namespace {

// Lines of standard input, read ahead so that its end is noticed while a job runs.
class Inbox {
 public:
  Inbox() : reader_([this] { Read(); }) {}
  ~Inbox() { reader_.detach(); }

  std::string Take() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return !lines_.empty(); });
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    return line;
  }

 private:
  void Read() {
    for (std::string line; std::getline(std::cin, line);) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(std::move(line));
      arrived_.notify_one();
    }
    _exit(0);  // no half-written file has a final name, so there is nothing to clean up
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::string> lines_;
  std::thread reader_;
};

void Send(int fd, const nlohmann::json& message,
          nlohmann::json::error_handler_t not_utf8 = nlohmann::json::error_handler_t::strict) {
  const std::string text = message.dump(-1, ' ', false, not_utf8) + "\n";
  for (std::string_view left = text; !left.empty();) {
    const ssize_t written = write(fd, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) _exit(0);  // nobody reads any more
    left.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

void ServeJobs(const std::function<JobRunner(const nlohmann::json& setup)>& prepare) {
  // Ctrl-C and the end of a terminal reach the whole process group; the supervisor decides what becomes of
  // us.
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) signal(number, SIG_IGN);
  const int reply_fd = dup(STDOUT_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  Inbox inbox;
  try {
    const JobRunner run = prepare(nlohmann::json::parse(inbox.Take()));
    Send(reply_fd, {{"ready", true}});
    while (true) {
      const auto message = nlohmann::json::parse(inbox.Take());
      const int job = message.at("job");
      Send(reply_fd, {{"job", job}, {"result", run(job, message.at("input"))}});
    }
  } catch (const std::exception& error) {
    // It may quote bytes of a file or a path that are no UTF-8.
    Send(reply_fd, {{"error", error.what()}}, nlohmann::json::error_handler_t::replace);
    _exit(2);
  }
}

}  // namespace deerbench
