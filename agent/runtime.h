// What the tensor library can do on this machine.
#pragma once

#include <string>

namespace deerbench {

struct TensorRuntime {
  std::string torch_version;
  std::string cpu_capability;  // ATen's kernel level: results may differ in last bits between levels
  bool cuda = false;
  std::string cuda_device;  // name of the first device, empty without one
};

TensorRuntime QueryTensorRuntime();

}  // namespace deerbench
