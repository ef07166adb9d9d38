// A child program with pipes at its standard input and output.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace deerbench {

class ChildProcess {
 public:
  // Starts argv[0], a path. Started with posix_spawn: fork is unsafe once threads or a tensor library run.
  // Throws Error with the system's reason.
  explicit ChildProcess(const std::vector<std::string>& argv);
  // Kills and reaps it if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // Readable when there is output or the child has ended.
  int output_fd() const { return output_fd_; }

  // Writes a line; false if the child no longer reads.
  bool SendLine(std::string_view line);
  // Appends what there is to the buffer, waiting for at least a byte; false at the end of the output.
  bool ReadSome();
  // Next whole line of what was read.
  std::optional<std::string> TakeLine();

  void CloseInput();
  // Waits for the end and says in words how it came: "exit status 2", "signal 9 (Killed)".
  std::string Wait();

 private:
  pid_t pid_ = -1;
  int input_fd_ = -1;
  int output_fd_ = -1;
  std::string buffer_;
};

}  // namespace deerbench
