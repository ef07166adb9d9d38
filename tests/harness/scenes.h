// Where tests find our own scenes: CTest says it in DEERBENCH_SCENES.
#pragma once

#include <cstdlib>
#include <string>

namespace deerbench {

inline std::string ScenesFolder() {
  const char* folder = std::getenv("DEERBENCH_SCENES");
  return folder ? folder : "scenes";
}

}  // namespace deerbench
