#include "sim/render/shadow_map.h"

#include <algorithm>
#include <cmath>

#include "sim/render/camera.h"

namespace deerbench::render {
namespace {

constexpr float kNothing = -1e30f;          // depth where there is no caster
constexpr double kFarthestTexel = 1 << 22;  // from the origin: single precision counts quarters of them
constexpr int kBlockBits = 3, kBlock = 1 << kBlockBits;

typedef float F4 __attribute__((vector_size(16)));
typedef float F4Unaligned __attribute__((vector_size(16), aligned(4), may_alias));

DEERBENCH_INLINE F8 LoadTwo(const float* low, const float* high) {
  const F4 a = *reinterpret_cast<const F4Unaligned*>(low), b = *reinterpret_cast<const F4Unaligned*>(high);
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
}
DEERBENCH_INLINE F8 Halves(float low, float high) { return F8{low, low, low, low, high, high, high, high}; }

struct Box {
  double lower[2] = {1e30, 1e30}, upper[2] = {-1e30, -1e30};

  void Include(const Box& other) {
    for (int k = 0; k < 2; ++k) {
      lower[k] = std::min(lower[k], other.lower[k]);
      upper[k] = std::max(upper[k], other.upper[k]);
    }
  }
  double width() const { return std::max(upper[0] - lower[0], upper[1] - lower[1]); }
};

// Extent across the light.
Box Extent(const PackedMesh& mesh, const Pose& X_LV) {
  Box box;
  const std::array<double, 9> r = ToMatrix(X_LV.q);
  const double origin[2] = {X_LV.p.x, X_LV.p.y};
  for (int k = 0; k < 2; ++k) {
    box.lower[k] = box.upper[k] = origin[k];
    for (int j = 0; j < 3; ++j) {
      const double a = r[3 * k + j] * mesh.lower[j], b = r[3 * k + j] * mesh.upper[j];
      box.lower[k] += std::min(a, b);
      box.upper[k] += std::max(a, b);
    }
  }
  return box;
}

// Neither a ground nor so far away that its texels could not be counted.
bool Casts(const Box& extent, double texel_m) {
  bool near = true;
  for (int k = 0; k < 2; ++k) {
    for (const double edge_m : {extent.lower[k], extent.upper[k]})
      near = near && std::abs(edge_m) < kFarthestTexel * texel_m;
  }
  return near && extent.width() < ShadowMap::kWidestCaster_m;
}

}  // namespace

Pose LightFrame(const Vec3& to_light) {
  const Vec3 n = Normalized(to_light);
  const Vec3 up = std::abs(n.z) > 0.7 ? Vec3{0, -n.z, n.y} : Vec3{-n.y, n.x, 0};
  return {{}, LookAt(n, {}, up).q};
}

void ShadowMap::Build(const RenderScene& scene, std::span<const ShadowCaster> casters,
                      const ShadowSettings& settings) {
  filter_ = settings.filter;
  texel_m_ = settings.texel_m;
  Box box;
  for (const ShadowCaster& caster : casters) {
    const Box extent = Extent(scene.meshes[static_cast<size_t>(caster.mesh)], caster.X_LV);
    if (Casts(extent, settings.texel_m)) box.Include(extent);
  }
  if (box.upper[0] < box.lower[0]) {
    view_.width = view_.height = 0;
    return;
  }
  // Round casters an empty margin, so that filters which reach over the edge find nothing there.
  const int margin = kMaxShadowFilter + 2;
  int first[2], size[2];
  for (;; texel_m_ *= 2) {
    for (int k = 0; k < 2; ++k) {
      first[k] = static_cast<int>(std::floor(box.lower[k] / texel_m_)) - margin;
      size[k] = static_cast<int>(std::floor(box.upper[k] / texel_m_)) + 1 + margin - first[k];
    }
    if (std::max(size[0], size[1]) <= kMaxTile) break;
  }
  view_.orthographic = true;
  view_.width = size[0];
  view_.height = size[1];
  view_.f = 1 / texel_m_;
  view_.cx = -first[0];
  view_.cy = -first[1];
  map_.Resize(size[0], size[1], false);
  map_.Clear(kNothing);
  for (const ShadowCaster& caster : casters) {
    const PackedMesh& mesh = scene.meshes[static_cast<size_t>(caster.mesh)];
    if (!Casts(Extent(mesh, caster.X_LV), settings.texel_m)) continue;
    Project(mesh, caster.X_LV, view_, true, projected_);
    DrawMesh(
        {.mesh = mesh, .projected = projected_, .X_CV = caster.X_LV, .view = view_, .faces = settings.faces},
        map_);
  }
  SummariseBlocks();
}

void ShadowMap::SummariseBlocks() {
  blocks_x_ = (view_.width + kBlock - 1) / kBlock;
  const int blocks_y = (view_.height + kBlock - 1) / kBlock;
  blocks_.resize(static_cast<size_t>(blocks_x_ * blocks_y));
  for (int by = 0; by < blocks_y; ++by) {
    const int y1 = std::min(by * kBlock + kBlock + filter_, view_.height);
    for (int bx = 0; bx < blocks_x_; ++bx) {
      // Two overlapping vectors span the block and the reach of the filter.
      const int x0 = bx * kBlock;
      F8 nearest = Splat(kNothing), farthest = Splat(-kNothing);
      for (int y = by * kBlock; y < y1; ++y) {
        const float* row = &map_.depth[static_cast<size_t>(map_.Index(x0, y))];
        const F8 a = Load(row), b = Load(row + filter_);
        nearest = Max(nearest, Max(a, b));
        farthest = Min(farthest, Min(a, b));
      }
      blocks_[static_cast<size_t>(by * blocks_x_ + bx)] = {HorizontalMax(nearest), HorizontalMin(farthest)};
    }
  }
}

bool ShadowMap::MayShade(const std::array<float, 3>& lower, const std::array<float, 3>& upper,
                         float bias_m) const {
  if (view_.width == 0) return false;
  const float x0 = FirstTexel(lower[0], view_.cx), x1 = FirstTexel(upper[0], view_.cx);
  const float y0 = FirstTexel(lower[1], view_.cy), y1 = FirstTexel(upper[1], view_.cy);
  const auto last_x = static_cast<float>(view_.width - kMaxShadowFilter - 1);
  const auto last_y = static_cast<float>(view_.height - kMaxShadowFilter - 1);
  if (x1 < 0 || y1 < 0 || x0 >= last_x || y0 >= last_y) return false;
  const int bx0 = static_cast<int>(std::max(x0, 0.0f)) / kBlock,
            bx1 = static_cast<int>(std::min(x1, last_x)) / kBlock;
  const int by0 = static_cast<int>(std::max(y0, 0.0f)) / kBlock,
            by1 = static_cast<int>(std::min(y1, last_y)) / kBlock;
  const float least_depth = bias_m - upper[2];
  for (int by = by0; by <= by1; ++by) {
    for (int bx = bx0; bx <= bx1; ++bx) {
      if (blocks_[static_cast<size_t>(by * blocks_x_ + bx)].nearest > least_depth) return true;
    }
  }
  return false;
}

F8 ShadowMap::Visibility(const V3x8& p_L, F8 bias_m) const {
  const F8 lit = Splat(1.0f);
  if (view_.width == 0) return lit;
  const F8 texels = Splat(static_cast<float>(view_.f));
  const float reach = 0.5f * static_cast<float>(filter_);
  const F8 x = p_L.x * texels + Splat(static_cast<float>(view_.cx) - reach);
  const F8 y = p_L.y * texels + Splat(static_cast<float>(view_.cy) - reach);
  const F8 zero = Splat(0.0f);
  const F8 last_x = Splat(static_cast<float>(view_.width - kMaxShadowFilter - 1));
  const F8 last_y = Splat(static_cast<float>(view_.height - kMaxShadowFilter - 1));
  const I8 inside = (x >= zero) & (y >= zero) & (x < last_x) & (y < last_y);
  if (!AnyNegative(inside)) return lit;
  const I8 x0 = Truncate(Min(Max(x, zero), last_x)), y0 = Truncate(Min(Max(y, zero), last_y));
  const I8 block = (y0 >> kBlockBits) * Splat(blocks_x_) + (x0 >> kBlockBits);
  static_assert(sizeof(Block) == 2 * sizeof(uint32_t));
  const WordPairs of_block = LoadPairs(reinterpret_cast<const uint32_t*>(blocks_.data()), block * 2);
  const F8 nearest = reinterpret_cast<F8>(of_block.first), farthest = reinterpret_cast<F8>(of_block.second);
  const F8 depth = bias_m - p_L.z;
  const I8 touched = inside & (depth < nearest), dark = touched & (depth < farthest);
  F8 result = dark ? zero : lit;
  uint32_t left = SignMask(touched & ~dark);
  if (left == 0) return result;

  // Weights 1 - f, 1, ..., 1, f along a row and down the rows; two rows of four texels a vector.
  static_assert(kMaxShadowFilter == 3);
  const F8 fx = x - ToFloat(x0), fy = y - ToFloat(y0);
  const float scale = 1.0f / static_cast<float>(filter_ * filter_);
  const I8 at = y0 * Splat(map_.stride) + x0;
  const float* origin = &map_.depth[static_cast<size_t>(map_.Index(0, 0))];
  const int stride = map_.stride;
  const float inner1 = filter_ > 1 ? 1.0f : 0.0f, inner2 = filter_ > 2 ? 1.0f : 0.0f;
  for (; left != 0; left &= left - 1) {
    const int i = std::countr_zero(left);
    const float x1 = fx[i], y1 = fy[i];
    float wx[4] = {1 - x1, inner1, inner2, 0}, wy[4] = {1 - y1, inner1, inner2, 0};
    wx[filter_] = x1;
    wy[filter_] = y1;
    const float* p = origin + at[i];
    const F8 d = Splat(depth[i]);
    const F8 upper = d >= LoadTwo(p, p + stride) ? Halves(wy[0], wy[1]) : zero;
    const F8 lower = d >= LoadTwo(p + 2 * stride, p + 3 * stride) ? Halves(wy[2], wy[3]) : zero;
    const F8 sum = (upper + lower) * F8{wx[0], wx[1], wx[2], wx[3], wx[0], wx[1], wx[2], wx[3]};
    result[i] = scale * (((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7])));
  }
  return result;
}

}  // namespace deerbench::render
