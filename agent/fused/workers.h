// A few threads that share one loop at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace deerbench::fused {

class Workers {
 public:
  // `threads` in all, the caller's included; at least 1.
  explicit Workers(int threads = 1);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  int threads() const { return static_cast<int>(threads_.size()) + 1; }

  // body(i) for each i from 0 to count - 1, in any order and thread; back when all are done. The body does
  // not throw and starts no loop of its own here.
  template <class Body>
  void Run(int count, const Body& body) {
    if (threads_.empty() || count <= 1) {
      for (int i = 0; i < count; ++i) body(i);
    } else {
      Share(
          count, [](const void* b, int i) { (*static_cast<const Body*>(b))(i); }, &body);
    }
  }

 private:
  using Call = void (*)(const void* body, int index);
  void Share(int count, Call call, const void* body);
  void Work();   // of the loop at hand, until no index is left
  void Serve();  // a thread's life

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<uint64_t> loop_{0};  // counts loops; kStop ends the threads
  std::atomic<int> next_{0}, busy_{0};
  int count_ = 0;
  Call call_ = nullptr;
  const void* body_ = nullptr;
};

// Without workers, in the caller's thread.
template <class Body>
void ForEach(Workers* workers, int count, const Body& body) {
  if (workers != nullptr) {
    workers->Run(count, body);
  } else {
    for (int i = 0; i < count; ++i) body(i);
  }
}

}  // namespace deerbench::fused
