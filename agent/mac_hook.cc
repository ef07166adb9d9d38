#include "agent/mac_hook.h"

#include <torch/torch.h>

#include <string_view>

#include "base/error.h"

namespace deerbench {
namespace {

thread_local uint64_t* counter = nullptr;

uint64_t Elements(const at::Tensor& tensor) { return static_cast<uint64_t>(tensor.numel()); }

// Product of two factors of a call: (..., m, k) times (..., k, n).
uint64_t ProductMacs(const at::RecordFunction& call, size_t left, size_t right) {
  const auto inputs = call.inputs();
  if (inputs.size() <= right || !inputs[left].isTensor() || !inputs[right].isTensor()) return 0;
  const at::Tensor& b = inputs[right].toTensor();
  const uint64_t columns = b.dim() >= 2 ? static_cast<uint64_t>(b.size(-1)) : 1;
  return Elements(inputs[left].toTensor()) * columns;
}

// Every number of the output takes in / groups * kernel products; the output's size follows from the inputs.
uint64_t ConvolutionMacs(const at::RecordFunction& call) {
  const auto inputs = call.inputs();
  const at::Tensor& x = inputs[0].toTensor();
  const at::Tensor& weight = inputs[1].toTensor();  // (out, in / groups, kernel...)
  const auto stride = inputs[3].toIntVector(), padding = inputs[4].toIntVector(),
             dilation = inputs[5].toIntVector();
  uint64_t macs = static_cast<uint64_t>(x.size(0)) * Elements(weight);
  for (int64_t i = 0; i < weight.dim() - 2; ++i) {
    const auto at = [&](const std::vector<int64_t>& values) { return values[values.size() == 1 ? 0 : i]; };
    const int64_t reach = at(dilation) * (weight.size(i + 2) - 1) + 1;
    macs *= static_cast<uint64_t>((x.size(i + 2) + 2 * at(padding) - reach) / at(stride) + 1);
  }
  return macs;
}

}  // namespace

std::unique_ptr<at::ObserverContext> MacHook::Observe(const at::RecordFunction& call) {
  // Operators that call others are left out, so that nothing counts twice.
  const std::string_view name = call.name();
  if (name == "aten::mm" || name == "aten::bmm" || name == "aten::mv" || name == "aten::dot") {
    *counter += ProductMacs(call, 0, 1);
  } else if (name == "aten::addmm" || name == "aten::baddbmm" || name == "aten::addmv") {
    *counter += ProductMacs(call, 1, 2);
  } else if (name == "aten::convolution") {
    *counter += ConvolutionMacs(call);
  }
  return nullptr;
}

MacHook::MacHook() {
  Require(counter == nullptr, "MAC hook: this thread has one already");
  counter = &macs_;
  handle_ = at::addThreadLocalCallback(
      at::RecordFunctionCallback(&MacHook::Observe).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
}

MacHook::~MacHook() {
  at::removeCallback(handle_);
  counter = nullptr;
}

}  // namespace deerbench
