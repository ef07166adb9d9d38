// The far side of cuda_plugin.h.
#include "agent/cuda/device_queue.h"
#include "harness/cuda/cuda_plugin.h"

namespace {

class Plugin final : public deerbench::CudaPlugin {
 public:
  std::string WhyNoDevice() const override { return deerbench::cuda::WhyNoDevice(); }
  std::unique_ptr<deerbench::cuda::Queue> MakeQueue() const override {
    return deerbench::cuda::MakeDeviceQueue();
  }
};

}  // namespace

__attribute__((visibility("default"))) const deerbench::CudaPlugin* DeerbenchCudaPlugin() {
  static const Plugin kPlugin;
  return &kPlugin;
}
