#include "agent/training/step_threads.h"

#include <ATen/Parallel.h>

namespace deerbench {

StepThreads::StepThreads(int threads) {
  at::set_num_threads(1);
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { Serve(i); });
}

StepThreads::~StepThreads() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  started_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void StepThreads::Run(const std::function<void(int)>& work) {
  {
    const std::lock_guard lock(mutex_);
    work_ = &work;
    running_ = static_cast<int>(workers_.size());
    error_ = nullptr;
    ++round_;
  }
  started_.notify_all();
  Call(0);
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [&] { return running_ == 0; });
  if (error_) std::rethrow_exception(error_);
}

void StepThreads::Call(int thread) {
  try {
    (*work_)(thread);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::current_exception();
  }
}

void StepThreads::Serve(int thread) {
  at::set_num_threads(1);  // of this thread
  uint64_t seen = 0;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      started_.wait(lock, [&] { return stopping_ || round_ != seen; });
      if (stopping_) return;
      seen = round_;
    }
    Call(thread);
    const std::lock_guard lock(mutex_);
    if (--running_ == 0) finished_.notify_one();
  }
}

}  // namespace deerbench
