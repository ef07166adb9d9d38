// Products of a few rows, or of many, with a matrix of weights that is read once: y = x W' and what follows
// it.
//
// A block computes 64 outputs of 16 or 64 rows over a part of the inputs. Where outputs alone make too few
// blocks to keep the memory busy, the inputs are split among several; the last of them to finish adds the
// parts up, always in the same order, so that the result does not depend on which was the last.
#pragma once

#include "agent/cuda/arguments.h"

namespace deerbench::cuda {

inline constexpr int kTileOutputs = 64;
inline constexpr int kBlockTarget = 256;  // two for each processor of a large GPU

// How a product is cut. `workspace` holds a tile for each block, `counters` a zero for each tile.
struct LinearCut {
  int tiles_x = 1;       // of outputs
  int splits = 1;        // of inputs
  int split_inputs = 0;  // of one split, whole chunks
  float* workspace = nullptr;
  int* counters = nullptr;
};

inline LinearCut CutLinear(const LinearArgs& a, int tokens, int chunk) {
  LinearCut cut;
  cut.tiles_x = (a.out + kTileOutputs - 1) / kTileOutputs;
  const int tiles = cut.tiles_x * ((a.rows + tokens - 1) / tokens),
            chunks = (a.in_stride + chunk - 1) / chunk;
  int splits = kBlockTarget / tiles;
  splits = splits < 1 ? 1 : splits > 16 ? 16 : splits;
  splits = splits > chunks ? chunks : splits;
  cut.split_inputs = (chunks + splits - 1) / splits * chunk;
  cut.splits = (a.in_stride + cut.split_inputs - 1) / cut.split_inputs;
  return cut;
}

DEERBENCH_DEVICE float Activate(Activation activation, float x) {
  switch (activation) {
    case Activation::kRelu:
      return fmaxf(x, 0.0f);
    case Activation::kGelu:
      return 0.5f * x * (1.0f + erff(x * 0.70710678f));
    case Activation::kQuickGelu:
      return x / (1.0f + expf(-1.702f * x));
    case Activation::kNone:
      break;
  }
  return x;
}

DEERBENCH_DEVICE void FinishOutput(const LinearArgs& a, int row, int out, float sum) {
  if (a.bias) sum += a.bias[out];
  const size_t at = static_cast<size_t>(row) * a.y_stride + out;
  const float value = a.scale * Activate(a.activation, sum);
  a.y[at] = a.residual ? a.residual[at] + value : value;
}

// store(t, sink) hands each of a thread's sums to sink(token, output, sum), all inside the tile.
template <int kThreads, int kTokens, class Block, class Store>
DEERBENCH_DEVICE void FinishTile(Block& block, const LinearArgs& a, const LinearCut& cut, int& shared_last,
                                 const Store& store) {
  const int first_row = block.y() * kTokens, first_out = block.x() * kTileOutputs;
  const auto inside = [&](int token, int out) {
    return first_row + token < a.rows && first_out + out < a.out;
  };
  if (cut.splits == 1) {
    block.Each([&](int t) {
      store(t, [&](int token, int out, float sum) {
        if (inside(token, out)) FinishOutput(a, first_row + token, first_out + out, sum);
      });
    });
    return;
  }
  constexpr int kTile = kTokens * kTileOutputs;
  const int tile = block.y() * cut.tiles_x + block.x();
  float* parts = cut.workspace + static_cast<size_t>(tile) * cut.splits * kTile;
  block.Each([&](int t) {
    store(t, [&](int token, int out, float sum) {
      if (inside(token, out)) parts[block.z() * kTile + token * kTileOutputs + out] = sum;
    });
  });
  if (!block.Last(cut.counters + tile, cut.splits, shared_last)) return;
  block.Each([&](int t) {
    for (int i = t; i < kTile; i += kThreads) {
      const int token = i / kTileOutputs, out = i % kTileOutputs;
      if (!inside(token, out)) continue;
      float sum = 0;
      for (int split = 0; split < cut.splits; ++split) sum += Block::Fresh(parts + split * kTile + i);
      FinishOutput(a, first_row + token, first_out + out, sum);
    }
  });
}

// Weights in single precision. A thread has kOuts outputs of 8 rows: 1 for 16 rows a block, 4 for 64.
template <int kOuts>
struct LinearFloat {
  static constexpr int kThreads = 128, kChunk = 32, kLanes = kTileOutputs / kOuts;
  static constexpr int kTokens = 8 * (kThreads / kLanes);
  static constexpr int kLoads = kTileOutputs * kChunk / 4 / kThreads;  // of four weights, by a thread
  struct Shared {
    alignas(16) float x[kChunk][kTokens + 4];
    float w[kTileOutputs][kChunk + 1];
    int last;
  };
  struct Loaded {
    Word4 w[kLoads];
  };
  struct Sums {
    float s[kOuts][8];
  };
  LinearArgs a;
  LinearCut cut;

  template <class Block>
  DEERBENCH_DEVICE void operator()(Block& block, Shared& shared) const {
    const int first_row = block.y() * kTokens, first_out = block.x() * kTileOutputs;
    const int begin = block.z() * cut.split_inputs;
    const int end = begin + cut.split_inputs < a.in_stride ? begin + cut.split_inputs : a.in_stride;
    typename Block::template Registers<Loaded> loaded;
    typename Block::template Registers<Sums> sums;
    const auto load = [&](int k) {
      block.Each([&](int t) {
        DEERBENCH_UNROLL
        for (int i = 0; i < kLoads; ++i) {
          const int at = t + i * kThreads, out = first_out + at / (kChunk / 4),
                    in = k + at % (kChunk / 4) * 4;
          loaded[t].w[i] = out < a.out && in < end
                               ? *reinterpret_cast<const Word4*>(static_cast<const float*>(a.weights) +
                                                                 static_cast<size_t>(out) * a.in_stride + in)
                               : Word4{};
        }
      });
      block.Sync();
    };
    load(begin);
    for (int k = begin; k < end; k += kChunk) {
      block.Phase([&](int t) {
        DEERBENCH_UNROLL
        for (int i = 0; i < kLoads; ++i) {
          const int at = t + i * kThreads;
          const float* w = reinterpret_cast<const float*>(loaded[t].w[i].w);
          for (int j = 0; j < 4; ++j) shared.w[at / (kChunk / 4)][at % (kChunk / 4) * 4 + j] = w[j];
        }
        for (int i = t; i < kTokens * kChunk; i += kThreads) {
          const int token = i / kChunk, in = i % kChunk;
          const bool inside = first_row + token < a.rows && k + in < end;
          shared.x[in][token] =
              inside ? a.x[static_cast<size_t>(first_row + token) * a.x_stride + k + in] : 0.0f;
        }
      });
      // The next weights are on their way while these are used.
      if (k + kChunk < end) load(k + kChunk);
      block.Each([&](int t) {
        const int lane = t % kLanes, token = t / kLanes * 8;
        for (int in = 0; in < kChunk; ++in) {
          float x[8];
          DEERBENCH_UNROLL
          for (int r = 0; r < 8; ++r) x[r] = shared.x[in][token + r];
          DEERBENCH_UNROLL
          for (int o = 0; o < kOuts; ++o) {
            const float w = shared.w[lane + o * kLanes][in];
            DEERBENCH_UNROLL
            for (int r = 0; r < 8; ++r) sums[t].s[o][r] = fmaf(x[r], w, sums[t].s[o][r]);
          }
        }
      });
      block.Sync();
    }
    FinishTile<kThreads, kTokens>(block, a, cut, shared.last, [&](int t, const auto& sink) {
      DEERBENCH_UNROLL
      for (int o = 0; o < kOuts; ++o) {
        DEERBENCH_UNROLL
        for (int r = 0; r < 8; ++r) sink(t / kLanes * 8 + r, t % kLanes + o * kLanes, sums[t].s[o][r]);
      }
    });
  }
};

// Weights in half precision of either kind on the tensor cores, which take both operands so: each x goes in
// as the sum of two halves, so that only the weights are rounded. A warp has 16 outputs of all the block's
// rows. The 32 inputs of a step are dealt to the instruction's places so that a lane's weights lie together
// (8 of them, 16 bytes): the order of a sum's terms is free as long as weights and x agree on it.
template <Number kType, int kTiles, int kChunkInputs>
struct LinearHalf {
  static constexpr int kThreads = 128, kChunk = kChunkInputs, kTokens = 8 * kTiles;
  static constexpr int kSteps = kChunk / 32;
  static constexpr int kStride = kChunk + 32;  // halves: rows next to each other in different banks
  struct Shared {
    alignas(16) uint16_t x[2][kTokens][kStride];
    int last;
  };
  struct Loaded {
    Word4 w[kSteps][2];
  };
  struct Sums {
    float c[kTiles][4];
  };
  struct Left {
    uint32_t r[4];
    DEERBENCH_DEVICE uint32_t operator[](int i) const { return r[i]; }
  };
  struct Right {
    uint32_t r[2];
    DEERBENCH_DEVICE uint32_t operator[](int i) const { return r[i]; }
  };
  LinearArgs a;
  LinearCut cut;

  template <class Block>
  DEERBENCH_DEVICE void operator()(Block& block, Shared& shared) const {
    const int first_row = block.y() * kTokens, first_out = block.x() * kTileOutputs;
    const int begin = block.z() * cut.split_inputs;
    const int end = begin + cut.split_inputs < a.in_stride ? begin + cut.split_inputs : a.in_stride;
    typename Block::template Registers<Loaded> loaded;
    typename Block::template Registers<Sums> sums;
    for (int k = begin; k < end; k += kChunk) {
      block.Each([&](int t) {
        const int lane = t % 32, out = first_out + t / 32 * 16 + lane / 4;
        DEERBENCH_UNROLL
        for (int step = 0; step < kSteps; ++step) {
          const int in = k + 32 * step + 8 * (lane % 4);
          DEERBENCH_UNROLL
          for (int half = 0; half < 2; ++half) {
            loaded[t].w[step][half] =
                out + 8 * half < a.out && in < end
                    ? *reinterpret_cast<const Word4*>(static_cast<const uint16_t*>(a.weights) +
                                                      static_cast<size_t>(out + 8 * half) * a.in_stride + in)
                    : Word4{};
          }
        }
      });
      block.Sync();
      block.Phase([&](int t) {
        for (int i = t; i < kTokens * kChunk; i += kThreads) {
          const int token = i / kChunk, in = i % kChunk;
          const bool inside = first_row + token < a.rows && k + in < end;
          const float x = inside ? a.x[static_cast<size_t>(first_row + token) * a.x_stride + k + in] : 0.0f;
          const uint16_t high = ToBits<kType>(x);
          shared.x[0][token][in] = high;
          shared.x[1][token][in] = ToBits<kType>(x - FromBits<kType>(high));
        }
      });
      DEERBENCH_UNROLL
      for (int step = 0; step < kSteps; ++step) {
        DEERBENCH_UNROLL
        for (int tile = 0; tile < kTiles; ++tile) {
          DEERBENCH_UNROLL
          for (int part = 0; part < 2; ++part) {
            DEERBENCH_UNROLL
            for (int pass = 0; pass < 2; ++pass) {
              block.template Multiply<kType>(
                  [&](int t) { return sums[t].c[tile]; },
                  [&](int t) {
                    const Word4(&w)[2] = loaded[t].w[step];
                    return Left{
                        {w[0].w[2 * pass], w[1].w[2 * pass], w[0].w[2 * pass + 1], w[1].w[2 * pass + 1]}};
                  },
                  [&](int t) {
                    const int lane = t % 32;
                    const auto* x = reinterpret_cast<const uint32_t*>(
                        &shared.x[part][8 * tile + lane / 4][32 * step + 8 * (lane % 4)]);
                    return Right{{x[2 * pass], x[2 * pass + 1]}};
                  });
            }
          }
        }
      }
      block.Sync();
    }
    FinishTile<kThreads, kTokens>(block, a, cut, shared.last, [&](int t, const auto& sink) {
      const int lane = t % 32;
      DEERBENCH_UNROLL
      for (int tile = 0; tile < kTiles; ++tile) {
        DEERBENCH_UNROLL
        for (int i = 0; i < 4; ++i) {
          sink(8 * tile + 2 * (lane % 4) + i % 2, t / 32 * 16 + lane / 4 + 8 * (i / 2), sums[t].c[tile][i]);
        }
      }
    });
  }
};

}  // namespace deerbench::cuda
