// Lossy WebP: pictures at a tenth of a PNG's size, for pages that carry their pictures within them.
#pragma once

#include <string>

#include "harness/report/picture.h"

namespace deerbench {

// A WebP file's bytes. `quality` is VP8's quantiser, 0 best .. 63 worst. Throws Error for sides beyond 4096.
std::string EncodeWebp(const PictureView& picture, int quality = 16);

}  // namespace deerbench
