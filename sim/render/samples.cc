#include "sim/render/samples.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

namespace deerbench::render {
namespace {

DEERBENCH_INLINE I8 SampleOffsetsX() {
  return I8{kSampleX[0], kSampleX[1], kSampleX[2], kSampleX[3],
            kSampleX[4], kSampleX[5], kSampleX[6], kSampleX[7]};
}
DEERBENCH_INLINE I8 SampleOffsetsY() {
  return I8{kSampleY[0], kSampleY[1], kSampleY[2], kSampleY[3],
            kSampleY[4], kSampleY[5], kSampleY[6], kSampleY[7]};
}

// Bits of a group of eight pixels that lie in columns x0..x1.
DEERBENCH_INLINE uint32_t Columns(int gx, int x0, int x1) {
  uint32_t bits = 0xff;
  if (x0 > gx * kLanes) bits &= 0xffu << (x0 - gx * kLanes);
  if (x1 < gx * kLanes + kLanes - 1) bits &= 0xffu >> (gx * kLanes + kLanes - 1 - x1);
  return bits;
}

bool MeetsFlagged(const EdgeFlags& flags, int x0, int y0, int x1, int y1) {
  const int first = x0 >> 3, last = x1 >> 3;
  for (int y = y0; y <= y1; ++y) {
    const uint8_t* row = flags.row(y);
    for (int gx = first; gx <= last; ++gx) {
      if (row[gx] != 0 && (row[gx] & Columns(gx, x0, x1)) != 0) return true;
    }
  }
  return false;
}

// By value: what is written through vectors could alias anything that is not local.
void DrawTriangle(const TriangleSetup s, const EdgeFlags& flags, PixelSamples* samples) {
  const I8 offset_x = SampleOffsetsX(), offset_y = SampleOffsetsY();
  constexpr int kScale = (1 << kSubpixelBits) / 16;
  I8 edge[3];
  std::array<int32_t, 3> reach, centre_edge;
  for (size_t k = 0; k < 3; ++k) {
    const I8 rest = Splat(s.edge_fraction[k]) + Splat(s.edge_x[k] * kScale) * offset_x +
                    Splat(s.edge_y[k] * kScale) * offset_y;
    edge[k] = Splat(s.edge[k]) + (rest >> kSubpixelBits);
    // An edge function can be greater at a sample than at the pixel's centre, but not by more than this.
    reach[k] = ((std::abs(s.edge_x[k]) + std::abs(s.edge_y[k])) * 7 >> 4) + 1;
    centre_edge[k] = s.edge[k] + reach[k];
  }
  F8 depth =
      Splat(s.depth) + Splat(s.depth_x / 16) * ToFloat(offset_x) + Splat(s.depth_y / 16) * ToFloat(offset_y);
  const F8 least = Splat(s.least_depth), greatest = Splat(s.greatest_depth);
  const U8 id = Splat(s.id);
  const bool is_wide = s.x1 - s.x0 >= 2 * kLanes;
  std::optional<RowSpans> spans;
  if (is_wide) spans.emplace(s, reach);
  int first_group = s.x0 >> 3, last_group = s.x1 >> 3;
  const uint32_t first_bits = Columns(first_group, s.x0, s.x1), last_bits = Columns(last_group, s.x0, s.x1);
  const int box_first_group = first_group, box_last_group = last_group;
  for (int y = s.y0; y <= s.y1; ++y) {
    const uint8_t* flag_row = flags.row(y);
    if (is_wide) {
      const RowSpans::Span span = spans->Next();
      first_group = (s.x0 + span.first) >> 3;
      last_group = (s.x0 + span.last) >> 3;
    }
    for (int gx = first_group; gx <= last_group; ++gx) {
      const uint32_t flagged = flag_row[gx];
      if (flagged == 0) continue;
      uint32_t left = flagged;
      if (gx == box_first_group) left &= first_bits;
      if (gx == box_last_group) left &= last_bits;
      const int first_dx = gx * kLanes - s.x0;
      const I8 column = LaneIndex() + first_dx;
      I8 missed = Splat(0);
      for (size_t k = 0; k < 3; ++k) missed |= Splat(s.edge_x[k]) * column + Splat(centre_edge[k]);
      left &= ~SignMask(missed);
      PixelSamples* group = samples + flags.GroupRank(gx, y);
      for (; left != 0; left &= left - 1) {
        const int i = std::countr_zero(left), dx = first_dx + i;
        const I8 outside = (edge[0] + Splat(s.edge_x[0] * dx)) | (edge[1] + Splat(s.edge_x[1] * dx)) |
                           (edge[2] + Splat(s.edge_x[2] * dx));
        const F8 here = Min(Max(depth + Splat(s.depth_x * static_cast<float>(dx)), least), greatest);
        PixelSamples& pixel = group[__builtin_popcount(flagged & ((1u << i) - 1))];
        const F8 old_depth = Load(pixel.depth);
        const I8 drawn = (outside >= 0) & (here > old_depth);
        if (!AnyNegative(drawn)) continue;
        Store(pixel.depth, drawn ? here : old_depth);
        Store(pixel.id, drawn ? id : Load(pixel.id));
      }
    }
    for (size_t k = 0; k < 3; ++k) {
      edge[k] += Splat(s.edge_y[k]);
      centre_edge[k] += s.edge_y[k];
    }
    depth += Splat(s.depth_y);
  }
}

}  // namespace

void ClearSamples(int count, float far_depth, SampleBuffer& samples) {
  samples.resize(static_cast<size_t>(count));
  for (PixelSamples& pixel : samples) {
    Store(pixel.depth, Splat(far_depth));
    Store(pixel.id, Splat(kBackground));
  }
}

void CopySamples(const VisibilityBuffer& from, const EdgeFlags& from_flags, const SampleBuffer& from_samples,
                 const EdgeFlags& flags, SampleBuffer& samples) {
  samples.resize(static_cast<size_t>(flags.count()));
  const F8 offset_x = ToFloat(SampleOffsetsX()) * Splat(1.0f / 16);
  const F8 offset_y = ToFloat(SampleOffsetsY()) * Splat(1.0f / 16);
  size_t next = 0;
  for (int y = 0; y < from.height; ++y) {
    for (int gx = 0; gx < flags.groups(); ++gx) {
      for (uint32_t left = flags.group(gx, y); left != 0; left &= left - 1) {
        const int x = gx * kLanes + std::countr_zero(left);
        PixelSamples& pixel = samples[next++];
        if (from_flags.at(x, y)) {
          pixel = from_samples[static_cast<size_t>(from_flags.Rank(x, y))];
          continue;
        }
        const auto i = static_cast<size_t>(from.Index(x, y)), row = static_cast<size_t>(from.stride);
        const float slope_x = 0.5f * (from.depth[i + 1] - from.depth[i - 1]);
        const float slope_y = 0.5f * (from.depth[i + row] - from.depth[i - row]);
        Store(pixel.depth, Splat(from.depth[i]) + Splat(slope_x) * offset_x + Splat(slope_y) * offset_y);
        Store(pixel.id, Splat(from.id[i]));
      }
    }
  }
}

void DrawSamples(const DrawArguments& arguments, std::span<const Candidate> candidates,
                 std::span<const TriangleSetup> clipped, const EdgeFlags& flags, SampleBuffer& samples) {
  TriangleBatch batch;
  uint32_t triangles[kLanes] = {};
  int waiting = 0;
  const auto draw_waiting = [&] {
    SetUpTriangles(arguments, triangles, batch);
    for (uint32_t left = batch.visible & ((1u << waiting) - 1); left != 0; left &= left - 1) {
      const int i = std::countr_zero(left);
      DrawTriangle(batch.Triangle(i, arguments.first_id + triangles[i]), flags, samples.data());
    }
    waiting = 0;
  };
  for (const Candidate& candidate : candidates) {
    if (!MeetsFlagged(flags, candidate.x0, candidate.y0, candidate.x1, candidate.y1)) continue;
    triangles[waiting++] = candidate.triangle;
    if (waiting == kLanes) draw_waiting();
  }
  if (waiting > 0) draw_waiting();
  for (const TriangleSetup& setup : clipped) DrawTriangle(setup, flags, samples.data());
}

}  // namespace deerbench::render
