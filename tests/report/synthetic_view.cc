#include <cmath>

#include "tests/report/synthetic_run.h"

namespace deerbench {

Picture SyntheticView(int size, double time) {
  const double s = size / 200.0;
  Picture view(size, size, {203, 209, 216});
  view.FillRect(0, 70 * s, size, 130 * s, {176, 141, 104});
  for (int y = static_cast<int>(70 * s); y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const double grain = 0.5 + 0.5 * std::sin(x * 0.21 / s + 3 * std::sin(y * 0.05 / s));
      view.Blend(x, y, {120, 84, 52}, 0.22 * grain);
    }
  }
  view.FillRect(30 * s, 150 * s, 140 * s, 36 * s, {96, 66, 40}, 4 * s);
  view.FillRect(90 * s, 164 * s, 20 * s, 6 * s, {220, 220, 224}, 3 * s);
  view.FillRect(40 * s, 105 * s, 18 * s, 18 * s, {58, 95, 205}, 2 * s);
  view.FillRect(140 * s, 95 * s, 24 * s, 16 * s, {226, 125, 170}, 2 * s);
  const double x = (60 + 60 * time) * s, y = (95 + 18 * std::sin(3.1 * time)) * s;
  view.FillRect(x, y, 18 * s, 18 * s, {205, 52, 48}, 2 * s);
  view.FillRect(x + 4 * s, 0, 10 * s, y - 2 * s, {245, 246, 248}, 4 * s);
  view.FillRect(x - 2 * s, y - 10 * s, 22 * s, 9 * s, {60, 64, 72}, 2 * s);
  return view;
}

}  // namespace deerbench
