// The far side of tensor_plugin.h.
#include "harness/tensors/tensor_plugin.h"

#include "harness/tensors/reference_backend.h"
#include "harness/training/trainer.h"

namespace {

class Plugin final : public deerbench::TensorPlugin {
 public:
  deerbench::TensorRuntime Runtime() const override { return deerbench::QueryTensorRuntime(); }
  bool Train(const deerbench::TrainingRequest& request, deerbench::TrainingMonitor& monitor) const override {
    return deerbench::RunTraining(request, monitor);
  }
  std::unique_ptr<deerbench::AgentBackend> MakeAgent(const deerbench::AgentRequest& request) const override {
    return deerbench::MakeReferenceAgent(request);
  }
};

}  // namespace

__attribute__((visibility("default"))) const deerbench::TensorPlugin* DeerbenchTensorPlugin() {
  static const Plugin kPlugin;
  return &kPlugin;
}
