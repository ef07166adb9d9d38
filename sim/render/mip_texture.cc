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
  int width = texture.width, height = texture.height;
  texels_.resize(static_cast<size_t>(width) * height);
  std::memcpy(texels_.data(), texture.rgba.data(), texels_.size() * 4);
  levels_.push_back({width, height, 0});
  while (width > 1 || height > 1) {
    const Level above = levels_.back();
    width = std::max(width / 2, 1);
    height = std::max(height / 2, 1);
    const size_t offset = texels_.size();
    texels_.resize(offset + static_cast<size_t>(width) * height);
    for (int y = 0; y < height; ++y) {
      const int y0 = std::min(2 * y, above.height - 1), y1 = std::min(2 * y + 1, above.height - 1);
      for (int x = 0; x < width; ++x) {
        const int x0 = std::min(2 * x, above.width - 1), x1 = std::min(2 * x + 1, above.width - 1);
        const uint32_t* from = texels_.data() + above.offset;
        const uint32_t four[4] = {from[y0 * above.width + x0], from[y0 * above.width + x1],
                                  from[y1 * above.width + x0], from[y1 * above.width + x1]};
        uint32_t mean = 0;
        for (int shift = 0; shift < 32; shift += 8) {
          uint32_t sum = 2;
          for (const uint32_t texel : four) sum += (texel >> shift) & 0xff;
          mean |= (sum / 4) << shift;
        }
        texels_[offset + static_cast<size_t>(y) * width + x] = mean;
      }
    }
    levels_.push_back({width, height, static_cast<int>(offset)});
  }
}

Rgb8 MipTexture::SampleNearest(F8 u, F8 v) const {
  const I8 x = Min(Truncate(Wrap(u) * Splat(static_cast<float>(width()))), Splat(width() - 1));
  const I8 y = Min(Truncate(Wrap(-v) * Splat(static_cast<float>(height()))), Splat(height() - 1));
  const I8 index = y * Splat(width()) + x;
  U8 texel;
  for (int i = 0; i < kLanes; ++i) texel[i] = texels_[static_cast<size_t>(index[i])];
  const F8 scale = Splat(1.0f / 255);
  return {scale * Channel(texel, 0), scale * Channel(texel, 8), scale * Channel(texel, 16)};
}

Rgb8 MipTexture::SampleLevel(F8 u, F8 v, I8 level) const {
  I8 width, height, offset;
  for (int i = 0; i < kLanes; ++i) {
    const Level& l = levels_[static_cast<size_t>(level[i])];
    width[i] = l.width;
    height[i] = l.height;
    offset[i] = l.offset;
  }
  const F8 x = Wrap(u) * ToFloat(width) - Splat(0.5f);
  const F8 y = Wrap(-v) * ToFloat(height) - Splat(0.5f);
  I8 x0 = FloorToInt(x), y0 = FloorToInt(y);
  const F8 fx = x - ToFloat(x0), fy = y - ToFloat(y0);
  I8 x1 = x0 + 1, y1 = y0 + 1;
  x0 = x0 < 0 ? width - 1 : x0;
  y0 = y0 < 0 ? height - 1 : y0;
  x1 = x1 >= width ? x1 - width : x1;
  y1 = y1 >= height ? y1 - height : y1;
  const I8 row0 = offset + y0 * width, row1 = offset + y1 * width;
  const I8 i00 = row0 + x0, i10 = row0 + x1, i01 = row1 + x0, i11 = row1 + x1;
  U8 t00, t10, t01, t11;
  const uint32_t* texels = texels_.data();
  for (int i = 0; i < kLanes; ++i) {
    t00[i] = texels[i00[i]];
    t10[i] = texels[i10[i]];
    t01[i] = texels[i01[i]];
    t11[i] = texels[i11[i]];
  }
  const F8 w11 = fx * fy, w10 = fx - w11, w01 = fy - w11, w00 = (Splat(1.0f) - fx) - w01;
  const auto blend = [&](int shift) DEERBENCH_INLINE_LAMBDA {
    return Splat(1.0f / 255) * (w00 * Channel(t00, shift) + w10 * Channel(t10, shift) +
                                w01 * Channel(t01, shift) + w11 * Channel(t11, shift));
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
