// The queue on a GPU. The only file that nvcc compiles; it sees no header but the CUDA runtime's and ours.
#include <cuda_runtime.h>

#include <stdexcept>
#include <utility>
#include <vector>

#include "agent/cuda/device_block.h"
#include "agent/cuda/device_queue.h"
#include "agent/cuda/queue_on.h"
#include "base/error.h"

namespace deerbench::cuda {
namespace {

constexpr int kLeastMajor = 8;

void Check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // so that the next call does not report it again
  Fail(std::string("CUDA: ") + what + ": " + cudaGetErrorString(status));
}

class DeviceQueue final : public QueueOn<DeviceQueue> {
 public:
  DeviceQueue() {
    Check(cudaSetDevice(0), "the first GPU");
    Check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "a stream");
    workspace_ = Make<float>(kWorkspaceFloats);
    counters_ = Make<int>(kCounters);
  }
  ~DeviceQueue() override {
    cudaStreamSynchronize(stream_);
    DropGraphs();
    for (void* p : memory_) cudaFree(p);
    for (void* p : shared_) cudaFreeHost(p);
    cudaStreamDestroy(stream_);
  }
  DeviceQueue(const DeviceQueue&) = delete;
  DeviceQueue& operator=(const DeviceQueue&) = delete;

  std::string device() const override {
    cudaDeviceProp properties;
    Check(cudaGetDeviceProperties(&properties, 0), "the GPU's name");
    return properties.name;
  }

  void* Allocate(size_t bytes) override {
    void* data = nullptr;
    Check(cudaMalloc(&data, bytes + 256), "memory");  // 256: an empty array is one too
    memory_.push_back(data);
    allocated_ += bytes;
    Check(cudaMemsetAsync(data, 0, bytes + 256, stream_), "memory");
    Wait();
    return data;
  }
  void* AllocateShared(size_t bytes) override {
    void* data = nullptr;
    Check(cudaHostAlloc(&data, bytes + 256, cudaHostAllocMapped | cudaHostAllocPortable), "pinned memory");
    shared_.push_back(data);
    for (size_t i = 0; i < bytes; ++i) static_cast<char*>(data)[i] = 0;
    return data;  // the same address on both sides: 64-bit systems have one address space
  }
  size_t allocated_bytes() const override { return allocated_; }

  void Upload(void* to, const void* from, size_t bytes) override {
    Check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_), "a copy to the GPU");
    Wait();
  }
  void Download(void* to, const void* from, size_t bytes) override {
    Check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_), "a copy from the GPU");
    Wait();
  }
  void Copy(void* to, const void* from, size_t bytes) override {
    Check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream_), "a copy");
  }
  void Zero(void* to, size_t bytes) override { Check(cudaMemsetAsync(to, 0, bytes, stream_), "zeros"); }

  int Record(const std::function<void()>& work) override {
    Check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "a graph's start");
    try {
      work();
    } catch (...) {
      cudaGraph_t broken = nullptr;
      cudaStreamEndCapture(stream_, &broken);
      if (broken != nullptr) cudaGraphDestroy(broken);
      throw;
    }
    cudaGraph_t graph = nullptr;
    Check(cudaStreamEndCapture(stream_, &graph), "a graph's end");
    cudaGraphExec_t ready = nullptr;
    const cudaError_t status = cudaGraphInstantiate(&ready, graph, 0);
    cudaGraphDestroy(graph);
    Check(status, "a graph");
    graphs_.push_back(ready);
    return static_cast<int>(graphs_.size()) - 1;
  }
  void Launch(int graph) override { Check(cudaGraphLaunch(graphs_.at(graph), stream_), "a graph's launch"); }
  void DropGraphs() override {
    cudaStreamSynchronize(stream_);
    for (cudaGraphExec_t graph : graphs_) cudaGraphExecDestroy(graph);
    graphs_.clear();
  }
  void Wait() override { Check(cudaStreamSynchronize(stream_), "work on the GPU"); }

  template <class Kernel>
  void Start(const Kernel& kernel, int x, int y, int z) {
    RunOnDevice<Kernel><<<dim3(x, y, z), Kernel::kThreads, 0, stream_>>>(kernel);
    Check(cudaGetLastError(), "a kernel's launch");
  }

  float* workspace_ = nullptr;
  int* counters_ = nullptr;

 private:
  cudaStream_t stream_ = nullptr;
  std::vector<void*> memory_, shared_;
  std::vector<cudaGraphExec_t> graphs_;
  size_t allocated_ = 0;
};

}  // namespace

std::string WhyNoDevice() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) {
    cudaGetLastError();
    return std::string("CUDA finds no GPU: ") + cudaGetErrorString(status);
  }
  if (count == 0) return "CUDA finds no GPU";
  int major = 0;
  if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0) != cudaSuccess ||
      major < kLeastMajor)
    return "the GPU is of compute capability " + std::to_string(major) + ", expected 8 or higher";
  return "";
}

std::unique_ptr<Queue> MakeDeviceQueue() {
  const std::string why = WhyNoDevice();
  if (!why.empty()) Fail(why);
  return std::make_unique<DeviceQueue>();
}

}  // namespace deerbench::cuda
