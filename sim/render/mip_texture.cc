#include "sim/render/mip_texture.h"

#include <algorithm>
#include <cstring>

namespace deerbench::render {
namespace {

// Position in 0..1 after wrap-around.
DEERBENCH_INLINE F8 Wrap(F8 x) { return x - ToFloat(FloorToInt(x)); }

DEERBENCH_INLINE F8 Channel(U8 texel, int shift) {
  return ToFloat(reinterpret_cast<I8>((texel >> static_cast<uint32_t>(shift)) & Splat(0xffu)));
}

// log2(x) within 0.01 for positive x, from the number's exponent and a parabola through its fraction.
DEERBENCH_INLINE F8 Log2(F8 x) {
  const I8 bits = BitsOf(x);
  const F8 exponent = ToFloat((bits >> 23) - Splat(127));
  const F8 fraction = FromBits((bits & Splat(0x7fffff)) | Splat(0x3f800000)) - Splat(1.0f);
  return exponent + fraction * (Splat(1.3465f) - Splat(0.3465f) * fraction);
}

}  // namespace

MipTexture::MipTexture(const Texture& texture) {
  std::vector<uint32_t> image(static_cast<size_t>(texture.width) * static_cast<size_t>(texture.height));
  std::memcpy(image.data(), texture.rgba.data(), image.size() * 4);
  AddLevel(texture.width, texture.height, image);
  while (levels_.back().width > 1 || levels_.back().height > 1) {
    const Level above = levels_.back();
    const int width = std::max(above.width / 2, 1), height = std::max(above.height / 2, 1);
    image.clear();
    for (int y = 0; y < height; ++y) {
      const int y0 = std::min(2 * y, above.height - 1), y1 = std::min(2 * y + 1, above.height - 1);
      for (int x = 0; x < width; ++x) {
        const int x0 = std::min(2 * x, above.width - 1), x1 = std::min(2 * x + 1, above.width - 1);
        const uint32_t* from = texels_.data() + above.offset;
        const uint32_t four[4] = {from[y0 * above.stride() + x0], from[y0 * above.stride() + x1],
                                  from[y1 * above.stride() + x0], from[y1 * above.stride() + x1]};
        uint32_t mean = 0;
        for (int shift = 0; shift < 32; shift += 8) {
          uint32_t sum = 2;
          for (const uint32_t texel : four) sum += (texel >> shift) & 0xff;
          mean |= (sum / 4) << shift;
        }
        image.push_back(mean);
      }
    }
    AddLevel(width, height, image);
  }
}

void MipTexture::AddLevel(int width, int height, const std::vector<uint32_t>& image) {
  levels_.push_back({width, height, static_cast<int>(texels_.size())});
  for (int y = 0; y <= height; ++y) {
    const uint32_t* row = image.data() + static_cast<size_t>(y % height) * static_cast<size_t>(width);
    texels_.insert(texels_.end(), row, row + width);
    texels_.push_back(row[0]);
  }
}

Rgb8 MipTexture::SampleNearest(F8 u, F8 v) const {
  const I8 x = Min(Truncate(Wrap(u) * Splat(static_cast<float>(width()))), Splat(width() - 1));
  const I8 y = Min(Truncate(Wrap(-v) * Splat(static_cast<float>(height()))), Splat(height() - 1));
  const U8 texel = LoadPairs(texels_.data(), y * Splat(levels_[0].stride()) + x).first;
  const F8 scale = Splat(1.0f / 255);
  return {scale * Channel(texel, 0), scale * Channel(texel, 8), scale * Channel(texel, 16)};
}

Rgb8 MipTexture::SampleLevel(F8 u, F8 v, I8 level) const {
  I8 width, height, offset;
  if (AnyNegative(level != Splat(level[0]))) {
    for (int i = 0; i < kLanes; ++i) {
      const Level& l = levels_[static_cast<size_t>(level[i])];
      width[i] = l.width;
      height[i] = l.height;
      offset[i] = l.offset;
    }
  } else {
    const Level& l = levels_[static_cast<size_t>(level[0])];
    width = Splat(l.width);
    height = Splat(l.height);
    offset = Splat(l.offset);
  }
  const F8 x = Wrap(u) * ToFloat(width) - Splat(0.5f);
  const F8 y = Wrap(-v) * ToFloat(height) - Splat(0.5f);
  I8 x0 = FloorToInt(x), y0 = FloorToInt(y);
  const F8 fx = x - ToFloat(x0), fy = y - ToFloat(y0);
  x0 = x0 < 0 ? width - 1 : x0;
  y0 = y0 < 0 ? height - 1 : y0;
  const I8 stride = width + 1, index = offset + y0 * stride + x0;
  const WordPairs upper = LoadPairs(texels_.data(), index), lower = LoadPairs(texels_.data(), index + stride);
  const F8 w11 = fx * fy, w10 = fx - w11, w01 = fy - w11, w00 = (Splat(1.0f) - fx) - w01;
  const auto blend = [&](int shift) DEERBENCH_INLINE_LAMBDA {
    return Splat(1.0f / 255) * (w00 * Channel(upper.first, shift) + w10 * Channel(upper.second, shift) +
                                w01 * Channel(lower.first, shift) + w11 * Channel(lower.second, shift));
  };
  return {blend(0), blend(8), blend(16)};
}

Rgb8 MipTexture::SampleFiltered(F8 u, F8 v, F8 footprint) const {
  const F8 last = Splat(static_cast<float>(levels_.size() - 1));
  const F8 lod = Min(Splat(0.5f) * Log2(Max(footprint, Splat(1.0f))), last);
  const I8 fine = Truncate(lod);
  const F8 f = lod - ToFloat(fine);
  const Rgb8 a = SampleLevel(u, v, fine);
  if (!AnyNegative(f > Splat(0.0f))) return a;
  const Rgb8 b = SampleLevel(u, v, Min(fine + 1, Splat(static_cast<int32_t>(levels_.size() - 1))));
  return {a.r + f * (b.r - a.r), a.g + f * (b.g - a.g), a.b + f * (b.b - a.b)};
}

}  // namespace deerbench::render
