// RGB to the planar 4:2:0 YCbCr that video coders take: ITU-R BT.601, limited range (Y 16..235,
// CbCr 16..240).
#pragma once

#include <cstdint>
#include <vector>

#include "harness/report/picture.h"

namespace deerbench {

// Planes without padding; chroma planes are half as wide and high, rounded up.
struct I420 {
  int width = 0, height = 0;
  std::vector<uint8_t> y, cb, cr;
  int chroma_width() const { return (width + 1) / 2; }
  int chroma_height() const { return (height + 1) / 2; }
};

// Chroma is the mean over each block of 2x2 pixels (fewer at odd edges). Reuses `out`'s buffers. Throws Error
// if the view's sizes do not fit together.
void ToI420(const PictureView& picture, I420& out);

}  // namespace deerbench
