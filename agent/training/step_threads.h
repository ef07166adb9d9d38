// Parts of one optimiser step on several threads, each with a single-threaded tensor library: less waiting
// than one operation after the other on all cores.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace deerbench {

class StepThreads {
 public:
  // With one thread everything runs in the caller's.
  explicit StepThreads(int threads);
  ~StepThreads();
  StepThreads(const StepThreads&) = delete;
  StepThreads& operator=(const StepThreads&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls work(thread) once on every thread, 0 in the caller's; returns when all are done. Rethrows the first
  // error.
  void Run(const std::function<void(int thread)>& work);

 private:
  void Serve(int thread);
  void Call(int thread);

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable started_, finished_;
  const std::function<void(int)>* work_ = nullptr;
  uint64_t round_ = 0;
  int running_ = 0;
  bool stopping_ = false;
  std::exception_ptr error_;
};

}  // namespace deerbench
