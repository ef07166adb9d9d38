// Kernels from a camera's bytes to what a vision encoder takes: a thread for each number of the output.
#pragma once

#include "agent/cuda/arguments.h"
#include "agent/cuda/kernels/rows.h"

namespace deerbench::cuda {

inline constexpr int kTapBits = 22;  // Pillow's fixed point

// As agent/clip_preprocess.cc: the same bits.
DEERBENCH_DEVICE int BlendTaps(const Taps& taps, int i, const uint8_t* bytes, int stride) {
  int sum = 1 << (kTapBits - 1);
  const int* weights = taps.weights + static_cast<size_t>(i) * taps.taps;
  const uint8_t* from = bytes + static_cast<size_t>(taps.first[i]) * stride;
  for (int k = 0; k < taps.count[i]; ++k) sum += from[static_cast<size_t>(k) * stride] * weights[k];
  sum >>= kTapBits;
  return sum < 0 ? 0 : sum > 255 ? 255 : sum;
}

struct ResizeRows {
  static constexpr int kThreads = 256;
  struct Shared {};
  ResizeRowsArgs a;

  static int count(const ResizeRowsArgs& a) { return a.height * a.out_width * 3; }
  template <class Block>
  DEERBENCH_DEVICE void operator()(Block& block, Shared&) const {
    block.Each([&](int t) {
      const int i = block.x() * kThreads + t;
      if (i >= a.height * a.out_width * 3) return;
      const int channel = i % 3, x = i / 3 % a.out_width, y = i / 3 / a.out_width;
      a.out[i] = static_cast<uint8_t>(
          BlendTaps(a.taps, x, a.rgb + static_cast<size_t>(y) * a.width * 3 + channel, 3));
    });
  }
};

struct ResizeColumns {
  static constexpr int kThreads = 256;
  struct Shared {};
  ResizeColumnsArgs a;

  static int count(const ResizeColumnsArgs& a) { return a.size * a.size * 3; }
  template <class Block>
  DEERBENCH_DEVICE void operator()(Block& block, Shared&) const {
    block.Each([&](int t) {
      const int i = block.x() * kThreads + t;
      if (i >= a.size * a.size * 3) return;
      const int channel = i % 3, x = i / 3 % a.size, y = i / 3 / a.size;
      const int value = BlendTaps(a.taps, a.top + y, a.rgb + (a.left + x) * 3 + channel, a.width * 3);
      const int across = a.size / a.patch_size, p = a.patch_size;
      const int patch = y / p * across + x / p;
      if (y / p >= across || x / p >= across) return;  // beyond the last whole patch
      a.out[static_cast<size_t>(patch) * a.out_stride + (channel * p + y % p) * p + x % p] =
          (static_cast<float>(value) / 255.0f - a.mean[channel]) / a.deviation[channel];
    });
  }
};

struct AddPositions {
  static constexpr int kThreads = 256;
  struct Shared {};
  AddPositionsArgs a;

  static int count(const AddPositionsArgs& a) { return a.pictures * (a.patches + 1) * a.width; }
  template <class Block>
  DEERBENCH_DEVICE void operator()(Block& block, Shared&) const {
    block.Each([&](int t) {
      const int i = block.x() * kThreads + t, rows = a.patches + 1;
      if (i >= a.pictures * rows * a.width) return;
      const int column = i % a.width, row = i / a.width, patch = row % rows - 1, picture = row / rows;
      const size_t stride = a.stride;
      a.x[row * stride + column] =
          patch < 0 ? a.first[column]
                    : a.embedded[(static_cast<size_t>(picture) * a.patches + patch) * stride + column] +
                          a.positions[patch * stride + column];
    });
  }
};

struct Halve {
  static constexpr int kThreads = 256;
  struct Shared {};
  HalveArgs a;

  static int count(const HalveArgs& a) { return a.size * a.size * 3; }
  template <class Block>
  DEERBENCH_DEVICE void operator()(Block& block, Shared&) const {
    block.Each([&](int t) {
      const int i = block.x() * kThreads + t;
      if (i >= a.size * a.size * 3) return;
      const int channel = i % 3, x = i / 3 % a.size, y = i / 3 / a.size, row = 2 * a.size * 3;
      const uint8_t* from = a.rgb + static_cast<size_t>(2 * y) * row + 6 * x + channel;
      const int sum = from[0] + from[3] + from[row] + from[row + 3];
      a.out[i] = fmaf(static_cast<float>(sum), a.scale, -a.offset);
    });
  }
};

struct Convolve {
  static constexpr int kThreads = 256;
  struct Shared {};
  ConvolveArgs a;

  static int count(const ConvolveArgs& a) { return a.out_size * a.out_size * a.out; }
  template <class Block>
  DEERBENCH_DEVICE void operator()(Block& block, Shared&) const {
    block.Each([&](int t) {
      const int i = block.x() * kThreads + t;
      if (i >= a.out_size * a.out_size * a.out) return;
      const int out = i % a.out, x = i / a.out % a.out_size, y = i / a.out / a.out_size;
      float sum = a.bias[out];
      for (int ky = 0; ky < a.kernel; ++ky) {
        const int from_y = y * a.stride + ky - a.kernel / 2;
        if (from_y < 0 || from_y >= a.size) continue;
        for (int kx = 0; kx < a.kernel; ++kx) {
          const int from_x = x * a.stride + kx - a.kernel / 2;
          if (from_x < 0 || from_x >= a.size) continue;
          const float* from = a.x + (static_cast<size_t>(from_y) * a.size + from_x) * a.in;
          const float* w = a.weights + static_cast<size_t>(ky * a.kernel + kx) * a.in * a.out + out;
          for (int c = 0; c < a.in; ++c) sum = fmaf(from[c], w[static_cast<size_t>(c) * a.out], sum);
        }
      }
      a.y[i] = fmaxf(sum, 0.0f);
    });
  }
};

// A block for each slot: where it looks, what it sees there, and its token.
struct Slots {
  static constexpr int kThreads = 256, kMaxChannels = 1024;
  struct Shared {
    float sums[kThreads / 32];
    float slot[kMaxChannels + 2];
  };
  struct Look {
    float most, x, y, sum;
  };
  SlotsArgs a;

  template <class Block>
  DEERBENCH_DEVICE void operator()(Block& block, Shared& shared) const {
    const int slot = block.x(), positions = a.size * a.size, channels = a.channels;
    float* scores = a.scores + static_cast<size_t>(slot) * positions;
    typename Block::template Registers<Look> look;
    block.Phase([&](int t) {
      look[t].most = -3e38f;
      for (int p = t; p < positions; p += kThreads) {
        const float* feature = a.features + static_cast<size_t>(p) * channels;
        float dot = a.bias[slot];
        for (int c = 0; c < channels; ++c) dot = fmaf(feature[c], a.attention[slot * channels + c], dot);
        scores[p] = dot;
        look[t].most = fmaxf(look[t].most, dot);
      }
    });
    block.WarpMax([&](int t) -> float& { return look[t].most; });
    block.Phase([&](int t) {
      if (t % 32 == 0) shared.sums[t / 32] = look[t].most;
    });
    float most = shared.sums[0];
    for (int warp = 1; warp < kThreads / 32; ++warp) most = fmaxf(most, shared.sums[warp]);
    block.Sync();
    block.Phase([&](int t) {
      // From -1 to 1 across the picture.
      const float step = a.size > 1 ? 2.0f / static_cast<float>(a.size - 1) : 0.0f;
      const float start = a.size > 1 ? -1.0f : 0.0f;
      for (int p = t; p < positions; p += kThreads) {
        const float weight = expf(scores[p] - most);
        scores[p] = weight;
        look[t].x = fmaf(weight, start + step * static_cast<float>(p % a.size), look[t].x);
        look[t].y = fmaf(weight, start + step * static_cast<float>(p / a.size), look[t].y);
        look[t].sum += weight;
      }
    });
    const float sum = BlockSum<kThreads>(
        block, [&](int t) -> float& { return look[t].sum; }, shared.sums);
    const float x = BlockSum<kThreads>(
        block, [&](int t) -> float& { return look[t].x; }, shared.sums);
    const float y = BlockSum<kThreads>(
        block, [&](int t) -> float& { return look[t].y; }, shared.sums);
    const float scale = 1.0f / sum;
    block.Phase([&](int t) {
      for (int c = t; c < channels; c += kThreads) {
        float seen = 0;
        for (int p = 0; p < positions; ++p)
          seen = fmaf(scores[p], a.features[static_cast<size_t>(p) * channels + c], seen);
        shared.slot[c] = seen * scale;
      }
      if (t == 0) {
        shared.slot[channels] = x * scale;
        shared.slot[channels + 1] = y * scale;
      }
    });
    block.Each([&](int t) {
      for (int o = t; o < a.width; o += kThreads) {
        float token = a.map_bias[slot * a.width + o];
        const float* map = a.maps + static_cast<size_t>(slot) * (channels + 2) * a.width + o;
        for (int i = 0; i < channels + 2; ++i)
          token = fmaf(shared.slot[i], map[static_cast<size_t>(i) * a.width], token);
        a.tokens[static_cast<size_t>(slot) * a.tokens_stride + o] = token;
      }
    });
  }
};

}  // namespace deerbench::cuda
