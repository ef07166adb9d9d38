// The strokes of the font in text.h.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace deerbench {

// Font units: a capital is 14 high, y grows downwards from its top (baseline 14, x-height 4, descender 18).
inline constexpr double kCapUnits = 14;

struct GlyphPoint {
  double x = 0, y = 0;
};

struct Glyph {
  double width = 0;                              // units
  std::vector<std::vector<GlyphPoint>> strokes;  // polylines; one point alone is a dot
};

// The glyph of a Unicode character; a box for one that the font lacks.
Glyph GlyphOf(uint32_t code);

}  // namespace deerbench
