// Textures with mip levels, sampled in eight lanes with wrap-around addressing.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/render/simd.h"
#include "sim/scene/visual_model.h"

namespace deerbench::render {

// Red, green, blue of eight samples, 0..1.
struct Rgb8 {
  F8 r, g, b;
};

class MipTexture {
 public:
  explicit MipTexture(const Texture& texture);

  int width() const { return levels_.front().width; }
  int height() const { return levels_.front().height; }

  // Nearest texel of the full-size image. v = 0 is the bottom row.
  Rgb8 SampleNearest(F8 u, F8 v) const;

  // Trilinear. `footprint` is the square of the larger side of the pixel's footprint in texels of the
  // full-size image: below 1 the full-size image is interpolated.
  Rgb8 SampleFiltered(F8 u, F8 v, F8 footprint) const;

 private:
  struct Level {
    int width, height;
    int offset;  // of its first texel
    int stride() const { return width + 1; }
  };
  void AddLevel(int width, int height, const std::vector<uint32_t>& image);
  Rgb8 SampleLevel(F8 u, F8 v, I8 level) const;

  std::vector<Level> levels_;
  // RGBA bytes, levels after one another, rows from the top. Each row ends with its first texel and each
  // level with its first row once more, so that the four texels of an interpolation are two pairs.
  std::vector<uint32_t> texels_;
};

}  // namespace deerbench::render
