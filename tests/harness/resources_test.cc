#include "harness/resources.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "tests/harness/example_records.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

fs::path MakeScenes(const fs::path& folder) {
  fs::create_directories(folder);
  WriteText(folder / "scene_D.yaml", "");
  return fs::canonical(folder);
}

}  // namespace

TEST_CASE("Scenes are found in an installation, a Python environment and a build inside the source tree") {
  for (const char* layout :
       {"share/deerbench/scenes", "lib/python3.11/site-packages/deerbench/share/scenes", "scenes"}) {
    INFO(layout);
    const TemporaryFolder folder;
    const fs::path scenes = MakeScenes(folder.path() / layout);
    fs::create_directories(folder.path() / "bin");
    CHECK(FindScenes("", "", fs::canonical(folder.path()) / "bin" / "deerbench") == scenes);
  }
}

TEST_CASE("An option comes before the environment, and that before what is found") {
  const TemporaryFolder folder;
  const fs::path found = MakeScenes(folder.path() / "scenes");
  const fs::path asked = MakeScenes(folder.path() / "asked");
  const fs::path environment = MakeScenes(folder.path() / "environment");
  const fs::path executable = fs::canonical(folder.path()) / "build" / "bin" / "deerbench";
  CHECK(FindScenes(asked.string(), environment.string(), executable) == asked);
  CHECK(FindScenes("", environment.string(), executable) == environment);
  CHECK(FindScenes("", "", executable) == found);
}

TEST_CASE("A folder without scenes is refused, whoever named it") {
  const TemporaryFolder folder;
  const std::string empty = folder.path().string();
  const fs::path executable = folder.path() / "bin" / "deerbench";
  CHECK_THROWS_WITH(FindScenes(empty, "", executable),
                    "scenes: '" + empty + "', expected a folder with scene_D.yaml");
  CHECK_THROWS_WITH(FindScenes("", empty, executable),
                    Catch::StartsWith("environment variable DEERBENCH_SCENES: '"));
  CHECK_THROWS_WITH(FindScenes("", "", executable), Catch::Contains("expected --scenes or DEERBENCH_SCENES"));
}

TEST_CASE("Our shared library is found beside the program or in the Python package") {
  const TemporaryFolder folder;
  const fs::path root = fs::canonical(folder.path());
  const fs::path executable = root / "bin" / "deerbench";
  CHECK(FindLibrary("libx.so", executable).empty());
  const fs::path package = root / "lib" / "python3.12" / "site-packages" / "deerbench" / "lib";
  fs::create_directories(package);
  WriteText(package / "libx.so", "");
  CHECK(FindLibrary("libx.so", executable) == package / "libx.so");
  fs::create_directories(root / "bin");
  WriteText(root / "bin" / "libx.so", "");
  CHECK(FindLibrary("libx.so", executable) == root / "bin" / "libx.so");
}

}  // namespace deerbench
