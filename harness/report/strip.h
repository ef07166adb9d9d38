// A chain as one picture: a row of key frames a subtask, the gripper's view set into the static camera's.
#pragma once

#include <string>
#include <vector>

#include "harness/report/frame_sampler.h"
#include "harness/report/picture.h"

namespace deerbench {

struct StripRow {
  int number = 1;  // of the subtask, from 1
  std::string instruction;
  bool success = false;
  int steps = 0;
  std::vector<KeyFrame> frames;  // pictures as MakeStripCell makes them
};

// Where the pieces of a strip lie; equal rows, so that a reader of the file can cut them out again.
struct StripLayout {
  static constexpr int kCell = 200;   // side of a key frame, pixels
  static constexpr int kGap = 6;      // between key frames
  static constexpr int kMargin = 12;  // left and right, and below each row
  static constexpr int kLabel = 34;   // height of the text above each row

  static int Width(int columns) { return 2 * kMargin + columns * (kCell + kGap) - kGap; }
  static int RowHeight() { return kLabel + kCell + kMargin; }
  static int RowTop(int row) { return row * RowHeight() + kLabel; }  // of the key frames
};

// Both views as one key frame.
Picture MakeStripCell(const PictureView& static_view, const PictureView& gripper_view);

// Rows of `columns` key frames on white, each under its sentence and outcome. Throws Error without rows.
Picture MakeStrip(const std::vector<StripRow>& rows, int columns);

// The key frames of each row of a strip; cells that were left empty are left out. Throws Error if `strip` is
// not a whole number of rows.
std::vector<std::vector<Picture>> CutStrip(const Picture& strip);

}  // namespace deerbench
