#include "harness/cuda/cuda_plugin.h"

#include <fmt/format.h>

#include "base/error.h"
#include "harness/plugin.h"

namespace deerbench {

const CudaPlugin& OpenCudaPlugin(const std::filesystem::path& library) {
  if (library.empty())
    Fail(
        "this build has no CUDA kernels, expected one with nvcc (scripts/setup --cuda; CMake: "
        "DEERBENCH_CUDA=ON)");
  return *reinterpret_cast<decltype(&DeerbenchCudaPlugin)>(LoadFromPlugin(library, "DeerbenchCudaPlugin"))();
}

std::unique_ptr<cuda::Queue> MakeCudaQueue(const std::filesystem::path& library) {
  try {
    return OpenCudaPlugin(library).MakeQueue();
  } catch (const Error& error) {
    Fail(fmt::format("backend: 'cuda': {}", error.what()));
  }
}

}  // namespace deerbench
