#include "agent/runtime.h"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <torch/version.h>

namespace deerbench {

TensorRuntime QueryTensorRuntime() {
  TensorRuntime runtime;
  runtime.torch_version = TORCH_VERSION;
  runtime.cpu_capability = at::get_cpu_capability();
  runtime.cuda = at::globalContext().hasCUDA();
  return runtime;
}

}  // namespace deerbench
