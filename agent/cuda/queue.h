// A stream of work on a device: memory, kernels, and graphs of them that are launched at once. The GPU's
// (device_queue.h) or its emulation on the CPU (host_queue.h). Calls come back at once; Wait waits. Errors of
// the device are thrown as Error.
#pragma once

#include <functional>
#include <string>

#include "agent/cuda/arguments.h"

namespace deerbench::cuda {

class Queue {
 public:
  virtual ~Queue() = default;
  virtual std::string device() const = 0;

  // Zeroed, and the queue's until it goes.
  virtual void* Allocate(size_t bytes) = 0;
  // The host's memory that kernels read and write too.
  virtual void* AllocateShared(size_t bytes) = 0;
  template <class T>
  T* Make(size_t count) {
    return static_cast<T*>(Allocate(count * sizeof(T)));
  }
  template <class T>
  T* MakeShared(size_t count) {
    return static_cast<T*>(AllocateShared(count * sizeof(T)));
  }
  virtual size_t allocated_bytes() const = 0;  // of the device

  // Waits until it is done: `from` may go.
  virtual void Upload(void* to, const void* from, size_t bytes) = 0;
  virtual void Download(void* to, const void* from, size_t bytes) = 0;
  // In the stream, between any two memories of the queue's.
  virtual void Copy(void* to, const void* from, size_t bytes) = 0;
  virtual void Zero(void* to, size_t bytes) = 0;

  virtual void Run(const LinearArgs& args) = 0;
  virtual void Run(const LayerNormArgs& args) = 0;
  virtual void Run(const AttentionArgs& args) = 0;
  virtual void Run(const MaxPoolArgs& args) = 0;
  virtual void Run(const LstmCellArgs& args) = 0;
  virtual void Run(const PoseVerdictArgs& args) = 0;
  virtual void Run(const FeatureVerdictArgs& args) = 0;
  virtual void Run(const ResizeRowsArgs& args) = 0;
  virtual void Run(const ResizeColumnsArgs& args) = 0;
  virtual void Run(const AddPositionsArgs& args) = 0;
  virtual void Run(const HalveArgs& args) = 0;
  virtual void Run(const ConvolveArgs& args) = 0;
  virtual void Run(const SlotsArgs& args) = 0;
  virtual void Run(const StampArgs& args) = 0;

  // What `work` puts into the queue, not run yet. Graphs live as long as the queue, or until DropGraphs.
  virtual int Record(const std::function<void()>& work) = 0;
  virtual void Launch(int graph) = 0;
  virtual void DropGraphs() = 0;

  virtual void Wait() = 0;
};

inline constexpr int kMaxHeadDim = 128;        // of attention
inline constexpr int kMaxSlotChannels = 1024;  // of the attention slots

}  // namespace deerbench::cuda
