#include "harness/report/text.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "harness/report/glyphs.h"

namespace deerbench {
namespace {

constexpr double kTracking = 3.2;  // units between the strokes' axes of neighbouring letters
constexpr double kRegularStroke = 1.55;
constexpr double kBoldStroke = 2.35;

double StrokeWidth(const TextStyle& style) { return style.bold ? kBoldStroke : kRegularStroke; }

double DistanceToSegment(double x, double y, const GlyphPoint& a, const GlyphPoint& b) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double length2 = dx * dx + dy * dy;
  const double t = length2 > 0 ? std::clamp(((x - a.x) * dx + (y - a.y) * dy) / length2, 0.0, 1.0) : 0.0;
  return std::hypot(x - a.x - t * dx, y - a.y - t * dy);
}

// Draws with the glyph's left edge at x. Distances are measured in pixels, so that edges are one pixel soft
// at any size.
void DrawGlyph(Picture& picture, const Glyph& glyph, double x, double y, const TextStyle& style) {
  const double scale = style.cap_height_px / kCapUnits;
  const double radius = std::max(0.5, scale * StrokeWidth(style) / 2);
  const double dot = radius * 1.25;
  const int x0 = static_cast<int>(std::floor(x - dot - 1));
  const int x1 = static_cast<int>(std::ceil(x + glyph.width * scale + dot + 1));
  const int y0 = static_cast<int>(std::floor(y - dot - 1));
  const int y1 = static_cast<int>(std::ceil(y + 18 * scale + dot + 1));
  for (int py = y0; py < y1; ++py) {
    for (int px = x0; px < x1; ++px) {
      const double gx = (px + 0.5 - x) / scale, gy = (py + 0.5 - y) / scale;
      double coverage = 0;
      for (const std::vector<GlyphPoint>& stroke : glyph.strokes) {
        const double reach = stroke.size() == 1 ? dot : radius;
        for (size_t i = 0; i + 1 < std::max<size_t>(2, stroke.size()); ++i) {
          const GlyphPoint& end = stroke[std::min(i + 1, stroke.size() - 1)];
          const double distance = scale * DistanceToSegment(gx, gy, stroke[i], end);
          coverage = std::max(coverage, std::min(1.0, reach - distance + 0.5));
        }
      }
      picture.Blend(px, py, style.color, coverage);
    }
  }
}

}  // namespace

double TextWidth(std::string_view utf8, const TextStyle& style) {
  double units = 0;
  while (!utf8.empty()) {
    const Utf8Character character = DecodeUtf8(utf8);
    units += GlyphOf(character.code).width + kTracking;
    utf8.remove_prefix(character.bytes);
  }
  return style.cap_height_px / kCapUnits * std::max(0.0, units - kTracking + StrokeWidth(style));
}

double DrawText(Picture& picture, std::string_view utf8, double x, double y, const TextStyle& style) {
  const double scale = style.cap_height_px / kCapUnits;
  const double width = TextWidth(utf8, style);
  double pen = x + scale * StrokeWidth(style) / 2;
  while (!utf8.empty()) {
    const Utf8Character character = DecodeUtf8(utf8);
    const Glyph glyph = GlyphOf(character.code);
    DrawGlyph(picture, glyph, pen, y, style);
    pen += scale * (glyph.width + kTracking);
    utf8.remove_prefix(character.bytes);
  }
  return width;
}

std::vector<std::string> WrapText(std::string_view utf8, double width_px, int max_lines,
                                  const TextStyle& style) {
  constexpr std::string_view kEllipsis = "…";
  std::vector<std::string> lines;
  std::string line;
  size_t at = 0;
  while (at < utf8.size()) {
    const size_t space = std::min(utf8.find(' ', at), utf8.size());
    const std::string word(utf8.substr(at, space - at));
    const std::string longer = line.empty() ? word : line + " " + word;
    const bool fits = TextWidth(longer, style) <= width_px;
    if (!fits && !line.empty() && static_cast<int>(lines.size()) + 1 < max_lines) {
      lines.push_back(line);
      line = word;
    } else if (!fits) {
      line = longer + std::string(kEllipsis);  // no line left, or a word wider than a line
      while (line.size() > kEllipsis.size() && TextWidth(line, style) > width_px) {
        size_t cut = line.size() - kEllipsis.size() - 1;
        while (cut > 0 && (static_cast<uint8_t>(line[cut]) >> 6) == 2) --cut;
        line.resize(cut);
        line += kEllipsis;
      }
      break;
    } else {
      line = longer;
    }
    at = space + 1;
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

}  // namespace deerbench
