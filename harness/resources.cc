#include "harness/resources.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "base/error.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

bool HoldsScenes(const fs::path& folder) { return fs::exists(folder / "scene_D.yaml"); }

fs::path Prefix(const fs::path& executable) { return executable.parent_path().parent_path(); }

// The Python package in the environment that the program was installed into.
std::vector<fs::path> PackageFolders(const fs::path& executable) {
  std::vector<fs::path> folders;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(Prefix(executable) / "lib", none)) {
    if (entry.path().filename().string().starts_with("python3"))
      folders.push_back(entry.path() / "site-packages" / "deerbench");
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

// Folders that may hold `name`, the likeliest first.
std::vector<fs::path> Candidates(const fs::path& executable, const std::string& name) {
  std::vector<fs::path> folders = {Prefix(executable) / "share" / "deerbench" / name};
  for (const fs::path& package : PackageFolders(executable)) folders.push_back(package / "share" / name);
  for (fs::path above = executable.parent_path(); above.has_relative_path(); above = above.parent_path())
    folders.push_back(above / name);
  return folders;
}

fs::path FirstThat(const std::vector<fs::path>& folders, const std::function<bool(const fs::path&)>& good) {
  const auto found = std::find_if(folders.begin(), folders.end(), good);
  return found == folders.end() ? fs::path() : *found;
}

}  // namespace

fs::path ExecutablePath() { return fs::read_symlink("/proc/self/exe"); }

fs::path FindScenes(const std::string& asked, const std::string& environment, const fs::path& executable) {
  for (const auto& [given, source] :
       {std::pair(asked, "scenes"), std::pair(environment, "environment variable DEERBENCH_SCENES")}) {
    if (given.empty()) continue;
    if (!HoldsScenes(given))
      Fail(fmt::format("{}: '{}', expected a folder with scene_D.yaml", source, given));
    return fs::canonical(given);
  }
  const std::vector<fs::path> folders = Candidates(executable, "scenes");
  const fs::path found = FirstThat(folders, HoldsScenes);
  if (found.empty())
    Fail(fmt::format(
        "scenes: not found in {} or above {}, expected --scenes or DEERBENCH_SCENES to name the folder",
        folders.front().string(), executable.parent_path().string()));
  return fs::canonical(found);
}

fs::path FindModels(const std::string& environment, const fs::path& executable) {
  if (environment.empty()) return FindModels(executable);
  if (!fs::is_directory(environment))
    Fail(fmt::format("environment variable DEERBENCH_MODELS: '{}', expected a folder", environment));
  return fs::canonical(environment);
}

fs::path FindModels(const fs::path& executable) {
  const auto holds_models = [](const fs::path& folder) {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none)) {
      if (fs::exists(entry.path() / "config.json")) return true;
    }
    return false;
  };
  const fs::path found = FirstThat(Candidates(executable, "models"), holds_models);
  return found.empty() ? found : fs::canonical(found);
}

fs::path FindLibrary(const std::string& file_name, const fs::path& executable) {
  std::vector<fs::path> folders = {executable.parent_path(), Prefix(executable) / "lib" / "deerbench"};
  for (const fs::path& package : PackageFolders(executable)) folders.push_back(package / "lib");
  const fs::path found =
      FirstThat(folders, [&](const fs::path& folder) { return fs::exists(folder / file_name); });
  return found.empty() ? found : fs::canonical(found / file_name);
}

Installation FindInstallation(const std::string& environment, const fs::path& executable) {
  return {.models = FindModels(environment, executable),
          .tensor_plugin = FindLibrary(kTensorPluginFile, executable),
          .cuda_plugin = FindLibrary(kCudaPluginFile, executable)};
}

}  // namespace deerbench
