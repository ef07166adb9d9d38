#include "harness/tensors/tensor_plugin.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/error.h"
#include "harness/resources.h"

namespace deerbench {
namespace {

constexpr const char* kFileName = "libdeerbench_tensors.so";

}  // namespace

std::filesystem::path FindTensorPlugin(const std::filesystem::path& executable) {
  return FindLibrary(kFileName, executable);
}

const TensorPlugin& LoadTensorPlugin(const std::filesystem::path& executable) {
  const std::filesystem::path path = FindTensorPlugin(executable);
  if (path.empty())
    Fail(fmt::format("{}: not found beside {}, expected a complete installation", kFileName,
                     executable.string()));
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) Fail(fmt::format("{}: cannot be loaded: {}", path.string(), dlerror()));
  const auto entry =
      reinterpret_cast<decltype(&DeerbenchTensorPlugin)>(dlsym(library, "DeerbenchTensorPlugin"));
  if (!entry) Fail(fmt::format("{}: {}", path.string(), dlerror()));
  return *entry();
}

}  // namespace deerbench
