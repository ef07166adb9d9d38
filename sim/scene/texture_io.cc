#include "sim/scene/texture_io.h"

#include <utility>

#include "base/png.h"

namespace deerbench {

Texture LoadTexture(const std::filesystem::path& file) {
  PngImage image = ReadPng(file, 4);
  return {image.width, image.height, std::move(image.pixels)};
}

}  // namespace deerbench
