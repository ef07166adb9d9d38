#include "base/thread_pool.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace deerbench {

int UsableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

ThreadPool::ThreadPool(int threads) {
  constexpr int kMax = 1024;
  if (threads < 1 || threads > kMax)
    Fail(fmt::format("number of threads is {}, expected 1 to {}", threads, kMax));
  for (int thread = 1; thread < threads; ++thread) workers_.emplace_back([this, thread] { Serve(thread); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  started_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Run(int jobs, const std::function<void(int job, int thread)>& work) {
  {
    const std::lock_guard lock(mutex_);
    work_ = &work;
    jobs_ = jobs;
    next_job_ = 0;
    error_ = nullptr;
    busy_ = static_cast<int>(workers_.size());
    ++round_;
  }
  started_.notify_all();
  TakeJobs(0);
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [this] { return busy_ == 0; });
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void ThreadPool::Serve(int thread) {
  uint64_t round = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    started_.wait(lock, [&] { return stopping_ || round_ != round; });
    if (stopping_) return;
    round = round_;
    lock.unlock();
    TakeJobs(thread);
    lock.lock();
    if (--busy_ == 0) finished_.notify_one();
  }
}

void ThreadPool::TakeJobs(int thread) {
  for (int job; (job = next_job_++) < jobs_;) {
    try {
      (*work_)(job, thread);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (error_ && failed_job_ < job) continue;
      error_ = std::current_exception();
      failed_job_ = job;
    }
  }
}

}  // namespace deerbench
