// Depths of a scene's casters seen from a distant light, and how much of that light reaches a point.
#pragma once

#include <span>
#include <vector>

#include "sim/render/raster.h"
#include "sim/render/simd.h"

namespace deerbench::render {

// The light's frame L: z along the light, origin that of W. Its axes follow from the direction alone, so
// texels stay where they are while things move.
Pose LightFrame(const Vec3& to_light);  // X_WL

struct ShadowCaster {
  int mesh = 0;
  Pose X_LV;
};

struct ShadowSettings {
  double texel_m = 0;  // doubled until the casters fit into kMaxTile texels
  int filter = 1;      // side of the box filter in texels, 1..3: the width of the penumbra
  Faces faces = Faces::kBack;
};

inline constexpr int kMaxShadowFilter = 3;

class ShadowMap {
 public:
  // Casters wider than `kWidestCaster_m` do not count: grounds, on which shadows fall. Nor do those that are
  // millions of texels away from the origin.
  static constexpr double kWidestCaster_m = 4;
  void Build(const RenderScene& scene, std::span<const ShadowCaster> casters, const ShadowSettings& settings);

  // Share of light, 0..1, at points of L that are `bias_m` closer to the light than they are.
  F8 Visibility(const V3x8& p_L, F8 bias_m) const;

  // False if all points of the box (x, y, z from `lower` to `upper` in L) are certain to have full
  // visibility.
  bool MayShade(const std::array<float, 3>& lower, const std::array<float, 3>& upper, float bias_m) const;

  double texel_m() const { return texel_m_; }

 private:
  void SummariseBlocks();
  // First texel under a filter centred at `p`, in texels.
  float FirstTexel(float p, double centre) const {
    return p * static_cast<float>(view_.f) +
           (static_cast<float>(centre) - 0.5f * static_cast<float>(filter_));
  }

  double texel_m_ = 1;
  int filter_ = 1;
  View view_;
  VisibilityBuffer map_;
  ProjectedMesh projected_;
  // Of every block of 8 x 8 texels and those beyond that a filter reaches which starts in it.
  int blocks_x_ = 0;
  struct Block {
    float nearest, farthest;
  };
  std::vector<Block> blocks_;
};

}  // namespace deerbench::render
