#include "sim/render/edges.h"

#include "sim/render/simd.h"

namespace deerbench::render {

void EdgeFlags::Find(const VisibilityBuffer& v, const View& view, uint32_t first_id) {
  groups_ = (v.width + kLanes - 1) / kLanes;
  count_ = 0;
  bits_.resize(static_cast<size_t>(groups_ * v.height));
  before_.resize(bits_.size());
  // A bend counts when the surface leaves its own plane by this share of a pixel's width in one pixel.
  constexpr float kBend = 0.8f;
  const F8 tolerance = Splat(kBend / static_cast<float>(view.f));
  for (int y = 0; y < v.height; ++y) {
    for (int gx = 0; gx < groups_; ++gx) {
      const auto i = static_cast<size_t>(v.Index(gx * kLanes, y));
      const size_t up = i - static_cast<size_t>(v.stride), down = i + static_cast<size_t>(v.stride);
      const U8 id = Load(&v.id[i]), left = Load(&v.id[i - 1]), right = Load(&v.id[i + 1]);
      const U8 above = Load(&v.id[up]), below = Load(&v.id[down]);
      const U8 difference = (id ^ left) | (id ^ right) | (id ^ above) | (id ^ below);
      const F8 depth = Load(&v.depth[i]), twice = depth + depth;
      const F8 bend_x = Abs(Load(&v.depth[i - 1]) + Load(&v.depth[i + 1]) - twice);
      const F8 bend_y = Abs(Load(&v.depth[up]) + Load(&v.depth[down]) - twice);
      uint32_t bits =
          SignMask(((difference >> kTriangleBits) != 0) | (Max(bend_x, bend_y) > tolerance * depth));
      if (first_id != 0 && bits != 0) {
        const auto counts = [&](U8 x)
                                DEERBENCH_INLINE_LAMBDA { return (x >= first_id) & (x != kBackground); };
        bits &= SignMask(counts(id) | counts(left) | counts(right) | counts(above) | counts(below));
      }
      if (gx == groups_ - 1 && v.width % kLanes != 0) bits &= (1u << (v.width % kLanes)) - 1;
      const auto g = static_cast<size_t>(y * groups_ + gx);
      bits_[g] = static_cast<uint8_t>(bits);
      before_[g] = count_;
      count_ += __builtin_popcount(bits);
    }
  }
}

}  // namespace deerbench::render
