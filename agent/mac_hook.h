// Counts what the tensor library really multiplies, to hold the analytic count (agent/cost.h) against.
#pragma once

#include <ATen/record_function.h>

#include <cstdint>

namespace deerbench {

// While it lives: multiply-accumulates of every matrix product and convolution that this thread dispatches,
// whatever the device; tensors without data count as others do. At most one a thread at a time.
class MacHook {
 public:
  MacHook();
  ~MacHook();
  MacHook(const MacHook&) = delete;
  MacHook& operator=(const MacHook&) = delete;

  uint64_t macs() const { return macs_; }
  void Clear() { macs_ = 0; }

 private:
  static std::unique_ptr<at::ObserverContext> Observe(const at::RecordFunction& call);

  uint64_t macs_ = 0;
  at::CallbackHandle handle_;
};

}  // namespace deerbench
