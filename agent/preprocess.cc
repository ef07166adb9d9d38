#include "agent/preprocess.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "agent/clip_preprocess.h"
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

torch::Tensor ClipImages(const torch::Tensor& pictures, int image_size) {
  if (pictures.scalar_type() != torch::kUInt8 || pictures.dim() != 4 || pictures.size(3) != 3) {
    Fail(fmt::format("pictures are {} of shape ({}), expected uint8 of shape (N, H, W, 3)",
                     c10::toString(pictures.scalar_type()), fmt::join(pictures.sizes().vec(), ", ")));
  }
  const torch::Tensor bytes = pictures.to(torch::kCPU).contiguous();
  const int height = static_cast<int>(bytes.size(1)), width = static_cast<int>(bytes.size(2));
  const size_t size = static_cast<size_t>(height) * width * 3;
  torch::Tensor images = torch::empty({bytes.size(0), 3, image_size, image_size});
  for (int64_t i = 0; i < bytes.size(0); ++i) {
    const std::vector<float> image =
        ClipPreprocess({bytes.data_ptr<uint8_t>() + i * size, size}, width, height, image_size);
    std::copy(image.begin(), image.end(), images[i].data_ptr<float>());
  }
  return images;
}

}  // namespace deerbench
