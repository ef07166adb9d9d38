// A team of threads that works through numbered jobs.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace deerbench {

// Cores that this process may use, at least 1.
int UsableCores();

class ThreadPool {
 public:
  // The caller of Run is one of `threads`, so that with one no thread is started. Throws Error unless 1 to
  // 1024.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls work(job, thread) once for each job in [0, jobs), `thread` in [0, size()), and returns when all are
  // done. Jobs begin in order, each on whichever thread is free: what a job computes must not depend on its
  // thread. If jobs throw, the others are still done, and the error of the lowest of them is thrown. One call
  // at a time.
  void Run(int jobs, const std::function<void(int job, int thread)>& work);

 private:
  void Serve(int thread);
  void TakeJobs(int thread);

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable started_, finished_;
  uint64_t round_ = 0;
  int busy_ = 0;  // workers that have not finished this round
  bool stopping_ = false;
  const std::function<void(int, int)>* work_ = nullptr;
  int jobs_ = 0;
  std::atomic<int> next_job_ = 0;
  int failed_job_ = 0;
  std::exception_ptr error_;  // of failed_job_
};

}  // namespace deerbench
