#include "harness/tensors/tensor_plugin.h"

#include <fmt/format.h>

#include "base/error.h"
#include "harness/plugin.h"
#include "harness/resources.h"

namespace deerbench {

const TensorPlugin& OpenTensorPlugin(const std::filesystem::path& library) {
  if (library.empty())
    Fail(fmt::format(
        "{}: not found beside the program, expected an installation with LibTorch (scripts/setup)",
        kTensorPluginFile));
  return *reinterpret_cast<decltype(&DeerbenchTensorPlugin)>(
      LoadFromPlugin(library, "DeerbenchTensorPlugin"))();
}

}  // namespace deerbench
