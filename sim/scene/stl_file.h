// STL files, binary and text.
#pragma once

#include <array>
#include <filesystem>
#include <vector>

#include "sim/scene/visual_model.h"

namespace deerbench {

struct StlTriangle {
  Float3 normal;  // as in the file, which may be zero or not of unit length
  std::array<Float3, 3> corners;
};

// All triangles in file order, at least one. Throws Error naming file and what is wrong.
std::vector<StlTriangle> ReadStl(const std::filesystem::path& file);

}  // namespace deerbench
