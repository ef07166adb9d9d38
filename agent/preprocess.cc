#include "agent/preprocess.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace deerbench {

torch::Tensor HalveAndNormalise(const torch::Tensor& pictures, int input_size, const VisionConfig& config) {
  const int64_t s = input_size;
  if (pictures.scalar_type() != torch::kUInt8 || pictures.dim() != 4 || pictures.size(1) != 2 * s ||
      pictures.size(2) != 2 * s || pictures.size(3) != 3) {
    Fail(fmt::format("pictures are {} of shape ({}), expected uint8 of shape (N, {}, {}, 3)",
                     c10::toString(pictures.scalar_type()), fmt::join(pictures.sizes().vec(), ", "), 2 * s,
                     2 * s));
  }
  // A sum of four bytes is exact in single precision; one multiplication and one addition follow.
  const torch::Tensor sum = pictures.view({-1, s, 2, s, 2, 3}).sum({2, 4}, false, torch::kFloat32);
  const double scale = 1.0 / (4 * 255 * config.pixel_std), offset = config.pixel_mean / config.pixel_std;
  return (sum * scale - offset).permute({0, 3, 1, 2}).contiguous();
}

}  // namespace deerbench
