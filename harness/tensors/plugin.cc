// The far side of tensor_plugin.h.
#include "harness/tensors/tensor_plugin.h"

#include "harness/training/trainer.h"

namespace {

class Plugin final : public deerbench::TensorPlugin {
 public:
  deerbench::TensorRuntime Runtime() const override { return deerbench::QueryTensorRuntime(); }
  bool Train(const deerbench::TrainingRequest& request, deerbench::TrainingMonitor& monitor) const override {
    return deerbench::RunTraining(request, monitor);
  }
};

}  // namespace

__attribute__((visibility("default"))) const deerbench::TensorPlugin* DeerbenchTensorPlugin() {
  static const Plugin kPlugin;
  return &kPlugin;
}
