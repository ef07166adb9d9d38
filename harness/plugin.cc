#include "harness/plugin.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/version.h"

namespace deerbench {
namespace {

void* Find(void* loaded, const std::filesystem::path& library, const char* symbol) {
  void* found = dlsym(loaded, symbol);
  if (!found) Fail(fmt::format("{}: {}", library.string(), dlerror()));
  return found;
}

}  // namespace

void* LoadFromPlugin(const std::filesystem::path& library, const char* symbol) {
  void* loaded = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!loaded) Fail(fmt::format("{}: cannot be loaded: {}", library.string(), dlerror()));
  const auto version =
      reinterpret_cast<decltype(&DeerbenchPluginVersion)>(Find(loaded, library, "DeerbenchPluginVersion"));
  if (version() != Version())
    Fail(fmt::format("{}: is of version {}, expected {} as the program", library.string(), version(),
                     Version()));
  return Find(loaded, library, symbol);
}

}  // namespace deerbench
