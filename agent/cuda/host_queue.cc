#include "agent/cuda/host_queue.h"

#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <vector>

#include "agent/cuda/queue_on.h"

namespace deerbench::cuda {
namespace {

class HostQueue final : public QueueOn<HostQueue> {
 public:
  explicit HostQueue(ThreadOrder order) : order_(order) {
    workspace_ = Make<float>(kWorkspaceFloats);
    counters_ = Make<int>(kCounters);
  }

  std::string device() const override { return "CPU, emulated"; }

  void* Allocate(size_t bytes) override {
    allocated_ += bytes;
    return AllocateShared(bytes);
  }
  void* AllocateShared(size_t bytes) override {
    const size_t size = (bytes + kAlignment) / kAlignment * kAlignment;
    void* data = std::aligned_alloc(kAlignment, size);
    if (data == nullptr) throw std::bad_alloc();
    memory_.emplace_back(data);
    return std::memset(data, 0, size);
  }
  size_t allocated_bytes() const override { return allocated_; }

  void Upload(void* to, const void* from, size_t bytes) override { std::memcpy(to, from, bytes); }
  void Download(void* to, const void* from, size_t bytes) override { std::memcpy(to, from, bytes); }
  void Copy(void* to, const void* from, size_t bytes) override {
    Do([=] { std::memcpy(to, from, bytes); });
  }
  void Zero(void* to, size_t bytes) override {
    Do([=] { std::memset(to, 0, bytes); });
  }

  int Record(const std::function<void()>& work) override {
    graphs_.emplace_back();
    recording_ = true;
    work();
    recording_ = false;
    return static_cast<int>(graphs_.size()) - 1;
  }
  void Launch(int graph) override {
    for (const auto& step : graphs_.at(graph)) step();
  }
  void DropGraphs() override { graphs_.clear(); }
  void Wait() override {}

  template <class Kernel>
  void Start(const Kernel& kernel, int x, int y, int z) {
    Do([=, order = order_] { RunOnHost(kernel, {x, y, z}, order); });
  }

  float* workspace_ = nullptr;
  int* counters_ = nullptr;

 private:
  static constexpr size_t kAlignment = 256;  // as the device's
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };

  template <class Work>
  void Do(const Work& work) {
    if (recording_)
      graphs_.back().push_back(work);
    else
      work();
  }

  ThreadOrder order_;
  std::vector<std::unique_ptr<void, Free>> memory_;
  std::vector<std::vector<std::function<void()>>> graphs_;
  bool recording_ = false;
  size_t allocated_ = 0;
};

}  // namespace

std::unique_ptr<Queue> MakeHostQueue(ThreadOrder order) { return std::make_unique<HostQueue>(order); }

}  // namespace deerbench::cuda
