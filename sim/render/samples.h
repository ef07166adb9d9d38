// Eight samples of visibility in each flagged pixel, for smooth edges: a lane a sample.
#pragma once

#include <span>
#include <vector>

#include "sim/render/edges.h"
#include "sim/render/raster.h"
#include "sim/render/simd.h"

namespace deerbench::render {

inline constexpr int kSamples = kLanes;
// Positions from the pixel's centre in 1/16 pixel: each row and column of an 8 x 8 grid holds one.
inline constexpr int kSampleX[kSamples] = {1, -1, 5, -3, -5, -7, 3, 7};
inline constexpr int kSampleY[kSamples] = {-3, 3, 1, -5, 5, -1, 7, -7};

struct PixelSamples {
  alignas(32) float depth[kSamples];
  alignas(32) uint32_t id[kSamples];
};

// By EdgeFlags::Rank.
using SampleBuffer = std::vector<PixelSamples>;

// Nothing seen but the far plane.
void ClearSamples(int count, float far_depth, SampleBuffer& samples);

// What a picture of static things alone shows at the flagged pixels of `flags`: its samples where it has
// some, elsewhere its plane continued over the pixel.
void CopySamples(const VisibilityBuffer& from, const EdgeFlags& from_flags, const SampleBuffer& from_samples,
                 const EdgeFlags& flags, SampleBuffer& samples);

// Draws the triangles of a mesh that meet flagged pixels.
void DrawSamples(const DrawArguments& arguments, std::span<const Candidate> candidates,
                 std::span<const TriangleSetup> clipped, const EdgeFlags& flags, SampleBuffer& samples);

}  // namespace deerbench::render
