// Ambient occlusion from the depths around a pixel: corners, and what stands close in front of a surface,
// receive less of the soft light.
#pragma once

#include "sim/render/raster.h"
#include "sim/render/simd.h"

namespace deerbench::render {

inline constexpr int kOcclusionReach = 8;  // pixels that a tap is away at most

// Share of the soft light that reaches the eight pixels from (x, y) on, 1 - `strength` at the least. Taps
// reach VisibilityBuffer::kMargin pixels at most; what is further than `radius_m` in front does not occlude.
F8 AmbientVisibility(const VisibilityBuffer& visibility, const View& view, int x, int y, float strength,
                     float radius_m);

}  // namespace deerbench::render
