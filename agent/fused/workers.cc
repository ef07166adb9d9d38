#include "agent/fused/workers.h"

#include <immintrin.h>

#include <cstdint>

namespace deerbench::fused {
namespace {

constexpr uint64_t kStop = UINT64_MAX;
constexpr int kSpins = 2000;  // some 50 us: between two products of a layer nobody goes to sleep

}  // namespace

Workers::Workers(int threads) {
  for (int i = 1; i < threads; ++i) threads_.emplace_back([this] { Serve(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    loop_ = kStop;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::Work() {
  for (int i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < count_;) call_(body_, i);
}

void Workers::Share(int count, Call call, const void* body) {
  count_ = count;
  call_ = call;
  body_ = body;
  next_.store(0, std::memory_order_relaxed);
  busy_.store(static_cast<int>(threads_.size()), std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    loop_.fetch_add(1);  // publishes the fields above
  }
  wake_.notify_all();
  Work();
  // Every thread looks at every loop, so none can be late and meet the next one's fields. One that has lost its
  // core to another process needs ours.
  for (int spin = 0; busy_.load(std::memory_order_acquire) != 0; ++spin) {
    if (spin < kSpins) {
      _mm_pause();
    } else {
      std::this_thread::yield();
    }
  }
}

void Workers::Serve() {
  uint64_t seen = 0;
  for (;;) {
    for (int spin = 0; spin < kSpins && loop_.load(std::memory_order_acquire) == seen; ++spin) _mm_pause();
    if (loop_.load(std::memory_order_acquire) == seen) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return loop_.load(std::memory_order_relaxed) != seen; });
    }
    seen = loop_.load(std::memory_order_acquire);
    if (seen == kStop) return;
    Work();
    busy_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace deerbench::fused
