// Processes of this program that work off numbered jobs. The supervisor speaks JSON lines over pipes:
//   to a worker    the setup, then {"job": 12, "input": ...} and so on; the end of its input ends it
//   from a worker  {"ready": true} after the setup, {"job": 12, "result": ...} a job, or {"error": "..."}
// worker.h is the other end.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/process/child_process.h"

namespace deerbench {

struct WorkerJob {
  int id = 0;
  nlohmann::json input;
};

struct WorkerPoolOptions {
  std::vector<std::string> argv;  // of a worker
  std::string setup;              // one line of JSON
  int workers = 1;
  int interrupt_fd = -1;         // readable once the work shall stop; -1: never
  std::string job_name = "job";  // for messages
};

// Called from within WorkerPool::Run.
struct WorkerEvents {
  std::function<void(int job, const nlohmann::json& result)> on_result;
  std::function<void()> on_tick;                            // several times a second
  std::function<void(const std::string& text)> on_trouble;  // survived: a worker was replaced
};

class WorkerPool {
 public:
  // Starts the first worker.
  explicit WorkerPool(WorkerPoolOptions options);
  ~WorkerPool();  // kills what still runs

  // Waits until the first worker has taken the setup. Throws Error with the worker's message if it refuses.
  // Returns false if interrupted.
  bool WaitUntilReady();

  // Works off the jobs in order, as workers become free. A job whose worker dies is run once more, in a new
  // one; if that dies too, throws Error. So does an error that a worker reports. Returns false if
  // interrupted: then all workers are gone and unfinished jobs are lost.
  bool Run(std::vector<WorkerJob> jobs, const WorkerEvents& events);

 private:
  struct Worker {
    std::unique_ptr<ChildProcess> process;
    bool ready = false;
    std::optional<WorkerJob> job;
  };
  void Spawn();
  bool WaitForOutput(int timeout_ms);  // false if interrupted
  void Handle(Worker& worker, const nlohmann::json& message, const WorkerEvents& events);
  void Bury(Worker& worker, const WorkerEvents& events);
  void Assign(Worker& worker);

  WorkerPoolOptions options_;
  std::vector<Worker> workers_;
  std::vector<bool> readable_;  // by worker, of the last wait
  std::deque<WorkerJob> waiting_;
  std::map<int, int> deaths_;  // workers lost, by job; -1: at none
};

}  // namespace deerbench
