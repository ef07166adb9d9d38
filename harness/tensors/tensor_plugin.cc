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
  return OpenTensorPlugin(FindTensorPlugin(executable));
}

const TensorPlugin& OpenTensorPlugin(const std::filesystem::path& library) {
  if (library.empty())
    Fail(fmt::format("{}: not found beside the program, expected an installation with LibTorch (scripts/setup)", kFileName));
  void* loaded = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!loaded) Fail(fmt::format("{}: cannot be loaded: {}", library.string(), dlerror()));
  const auto entry =
      reinterpret_cast<decltype(&DeerbenchTensorPlugin)>(dlsym(loaded, "DeerbenchTensorPlugin"));
  if (!entry) Fail(fmt::format("{}: {}", library.string(), dlerror()));
  return *entry();
}

}  // namespace deerbench
