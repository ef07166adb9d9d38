// Text in pictures: a stroke font of our own, drawn anti-aliased at any size.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/report/picture.h"

namespace deerbench {

struct TextStyle {
  double cap_height_px = 12;  // height of a capital letter; lines are about twice as far apart
  Rgb color{255, 255, 255};
  bool bold = false;
};

// Pixels that one line of text takes from its first to its last stroke. A character that the font lacks is
// drawn as a box.
double TextWidth(std::string_view utf8, const TextStyle& style);

// Draws one line with its capitals' top left corner at (x, y). Returns its width.
double DrawText(Picture& picture, std::string_view utf8, double x, double y, const TextStyle& style);

// Splits at spaces into lines of at most `width_px` and at most `max_lines`, the last one ending in an
// ellipsis if something was left over.
std::vector<std::string> WrapText(std::string_view utf8, double width_px, int max_lines,
                                  const TextStyle& style);

}  // namespace deerbench
