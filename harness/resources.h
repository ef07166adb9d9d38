// Where what the program ships with lies: beside an installation or in the source tree it was built in.
#pragma once

#include <filesystem>
#include <string>

namespace deerbench {

// Shared libraries of ours.
inline constexpr const char* kTensorPluginFile = "libdeerbench_tensors.so";
inline constexpr const char* kCudaPluginFile = "libdeerbench_cuda.so";

// What ships with the program and policies may need; empty: not there.
struct Installation {
  std::filesystem::path models = {};         // folder of shipped checkpoints
  std::filesystem::path tensor_plugin = {};  // harness/tensors/tensor_plugin.h
  std::filesystem::path cuda_plugin = {};    // harness/cuda/cuda_plugin.h
};

// `environment`: DEERBENCH_MODELS as main read it.
Installation FindInstallation(const std::string& environment, const std::filesystem::path& executable);

// The running program's own file.
std::filesystem::path ExecutablePath();

// The folder of our own scenes: `asked` (an option), else `environment` (DEERBENCH_SCENES as main read it),
// else relative to `executable`: ../share/deerbench/scenes, the Python package's data, or `scenes` in a
// folder above (a build inside the source tree). Absolute. Throws Error saying where it looked.
std::filesystem::path FindScenes(const std::string& asked, const std::string& environment,
                                 const std::filesystem::path& executable);

// The folder of shipped checkpoints: `environment` (DEERBENCH_MODELS as main read it) if that is given, else
// by the same rules. Empty if there is none.
std::filesystem::path FindModels(const std::filesystem::path& executable);
std::filesystem::path FindModels(const std::string& environment, const std::filesystem::path& executable);

// A shared library of ours: beside the program, in ../lib/deerbench or in the Python package. Empty if there
// is none.
std::filesystem::path FindLibrary(const std::string& file_name, const std::filesystem::path& executable);

}  // namespace deerbench
