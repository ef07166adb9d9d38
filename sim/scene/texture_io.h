// Texture files.
#pragma once

#include <filesystem>

#include "sim/scene/visual_model.h"

namespace deerbench {

// Reads a PNG image. Throws Error naming the file.
Texture LoadTexture(const std::filesystem::path& file);

}  // namespace deerbench
