// The inner loops of blocked.h: a few rows of activations times a block of one panel's weights. Each output
// is one chain of fused multiply-adds in the order of the inputs (or an exact sum of integers), whichever set
// of loops computes it: all sets agree in every bit.
//
// This header is read by sources that are compiled for different processors, so it declares and defines
// nothing that a compiler could emit code for.
#pragma once

#include <cstddef>
#include <cstdint>

namespace deerbench::fused {

// Columns that lie side by side in a task's sums: eight panels of 16.
inline constexpr int kSums = 128;

// `lines` cache lines from `at` on are asked for while a tile is computed, `per_step` bytes every 16 inputs.
struct Ahead {
  const uint8_t* at = nullptr;
  const uint8_t* end = nullptr;
  ptrdiff_t per_step = 0;
};

// sums (rows, 16) += x' w with x (inputs, rows) and w (inputs, 16); rows of sums are kSums apart.
using FloatTile = void (*)(const float* x, int inputs, const float* w, float* sums, Ahead ahead);
// The same of 16-bit integers in pairs, x (inputs / 2, rows, 2) and w (inputs / 2, 16, 2): each group's sum,
// at most 128 * 127 * 32767 (which 32 bits hold), times the group's scales (groups, 16).
using IntTile = void (*)(const int32_t* x, int groups, int group, const int16_t* w, const float* scales,
                         float* sums, Ahead ahead);

// The same of weights as they are stored, bytes or 16-bit floats, which are left at `decoded` for the tiles
// above.
using ByteTile = void (*)(const int32_t* x, int groups, int group, const uint8_t* bytes, int16_t* decoded,
                          const float* scales, float* sums, Ahead ahead);
using HalfTile = void (*)(const float* x, int inputs, const uint16_t* halves, float* decoded, float* sums,
                          Ahead ahead);

struct Tiles {
  const char* name;
  int max_rows;
  const FloatTile* floats;  // [rows - 1], as all below
  const IntTile* integers;
  // Null where decoding first is as fast.
  const ByteTile* bytes;
  const HalfTile* bfloats;   // of kBFloat16
  const HalfTile* float16s;  // of kFloat16
};

const Tiles& Avx2Tiles();
const Tiles& Avx512Tiles();  // needs AVX-512 F, BW, VL and VNNI
// The fastest that this processor has.
const Tiles& BestTiles();
// For tests: what BestTiles() returns from now on.
void UseTiles(const Tiles& tiles);

}  // namespace deerbench::fused
