#include "agent/fused/camera_encoder.h"

#include <algorithm>

#include "agent/fused/tile.h"

namespace deerbench::fused {

void HalvePicture(const uint8_t* bytes, float scale, float offset, Picture& picture) {
  const int size = picture.size(), in_stride = 2 * size * 3;
  const F8 vector_scale = Splat(scale), vector_offset = Splat(-offset);
  // Two pixels side by side: bytes r g b r g b -> r r g g b b, twice.
  const __m128i pairs = _mm_setr_epi8(0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11, -1, -1, -1, -1);
  const __m128i ones = _mm_set1_epi8(1);
  for (int y = 0; y < size; ++y) {
    const uint8_t* upper = bytes + static_cast<ptrdiff_t>(2 * y) * in_stride;
    const uint8_t* lower = upper + in_stride;
    float* to = picture.pixel(y, 0);
    int x = 0;
    // Reads 16 bytes for two pixels' 12 and writes 8 floats for their 6, so it stops before the row's end.
    for (; x + 4 <= size; x += 2) {
      const auto sums = [&](const uint8_t* row) {
        const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 6 * x));
        return _mm_maddubs_epi16(_mm_shuffle_epi8(v, pairs), ones);
      };
      const __m128i sum = _mm_add_epi16(sums(upper), sums(lower));
      Store(to + 3 * x, MulAdd(_mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(sum)), vector_scale, vector_offset));
    }
    for (; x < size; ++x) {
      for (int c = 0; c < 3; ++c) {
        const int at = 6 * x + c;
        const int sum = upper[at] + upper[at + 3] + lower[at] + lower[at + 3];
        to[3 * x + c] = __builtin_fmaf(static_cast<float>(sum), scale, -offset);
      }
    }
  }
}

CameraEncoder::CameraEncoder(const VisionConfig& vision, const ConvCameraConfig& camera,
                             const std::string& prefix, WeightReader& weights)
    : camera_(camera),
      scale_(static_cast<float>(1.0 / (4 * 255 * vision.pixel_std))),
      offset_(static_cast<float>(vision.pixel_mean / vision.pixel_std)) {
  int in = 3, size = camera.input_size;
  for (size_t i = 0; i < camera.layers.size(); ++i) {
    const ConvLayerConfig& layer = camera.layers[i];
    const std::string name = prefix + ".conv." + std::to_string(i);
    convolutions_.emplace_back(
        weights.Read(name + ".weight", {layer.channels, in, layer.kernel, layer.kernel}),
        weights.Read(name + ".bias", {layer.channels}), layer.channels, in, layer.kernel, layer.stride);
    pictures_.emplace_back(size, in, convolutions_.back().border());
    size = convolutions_.back().OutputSize(size);
    macs_ += uint64_t{1} * size * size * layer.channels * in * layer.kernel * layer.kernel;
    in = layer.channels;
  }
  pictures_.emplace_back(size, in, 0);

  const int slots = camera.slots, positions = size * size;
  attention_ = PackedWeights(weights.Read(prefix + ".attention.weight", {slots, in, 1, 1}), slots, in,
                             weights.Read(prefix + ".attention.bias", {slots}));
  const std::vector<float> maps = weights.Read(prefix + ".slot_weight", {slots, in + 2, vision.width});
  const std::vector<float> biases = weights.Read(prefix + ".slot_bias", {slots, vision.width});
  std::vector<float> map(static_cast<size_t>(vision.width) * (in + 2));
  for (int k = 0; k < slots; ++k) {
    for (int i = 0; i < in + 2; ++i) {
      for (int o = 0; o < vision.width; ++o)
        map[static_cast<size_t>(o) * (in + 2) + i] =
            maps[(static_cast<size_t>(k) * (in + 2) + i) * vision.width + o];
    }
    slot_maps_.emplace_back(map, vision.width, in + 2,
                            std::span(biases).subspan(static_cast<size_t>(k) * vision.width, vision.width));
  }
  coordinates_ = Matrix(positions, 16);
  const auto coordinate = [&](int i) {
    return size > 1 ? static_cast<float>(2.0 * i / (size - 1) - 1.0) : 0.0f;
  };
  for (int p = 0; p < positions; ++p) {
    coordinates_.row(p)[0] = coordinate(p % size);
    coordinates_.row(p)[1] = coordinate(p / size);
    coordinates_.row(p)[2] = 1;
  }
  weights_ = Matrix(positions, slots);
  slots_ = Matrix(slots, in + 2);
  macs_ += uint64_t{1} * positions * slots * (2 * in + 2) + uint64_t{1} * slots * (in + 2) * vision.width;
}

void CameraEncoder::Attend(const Picture& features) {
  const int positions = weights_.rows(), channels = features.channels(), slots = camera_.slots;
  Multiply(features.pixel(0, 0), channels, positions, attention_, weights_.row(0), weights_.stride());
  for (int k = 0; k < slots; k += kLanes) {
    F8 most = Load(weights_.row(0) + k);
    for (int p = 1; p < positions; ++p) most = _mm256_max_ps(most, Load(weights_.row(p) + k));
    for (int p = 0; p < positions; ++p) {
      float* w = weights_.row(p) + k;
      Store(w, Exp(_mm256_sub_ps(Load(w), most)));
    }
  }
  ForRowBlocks(slots, [&]<int R>(int k) {
    F8 places[R][2] = {};
    AccumulateTile<R>(weights_.row(0) + k, 1, weights_.stride(), positions, coordinates_.row(0),
                      coordinates_.stride(), places);
    float scale[R];
    for (int r = 0; r < R; ++r) {
      alignas(32) float xy1[8];
      Store(xy1, places[r][0]);
      scale[r] = 1.0f / xy1[2];
      slots_.row(k + r)[channels] = xy1[0] * scale[r];
      slots_.row(k + r)[channels + 1] = xy1[1] * scale[r];
    }
    for (int column = 0; column < channels; column += 16) {
      F8 sum[R][2] = {};
      AccumulateTile<R>(weights_.row(0) + k, 1, weights_.stride(), positions, features.pixel(0, 0) + column,
                        channels, sum);
      for (int r = 0; r < R; ++r) {
        for (int half = 0; half < 2; ++half) {
          const int at = column + half * 8;
          StoreFirst(slots_.row(k + r) + at, _mm256_mul_ps(sum[r][half], Splat(scale[r])), channels - at);
        }
      }
    }
  });
}

void CameraEncoder::Run(const uint8_t* rgb, Matrix& tokens) {
  HalvePicture(rgb, scale_, offset_, pictures_[0]);
  for (size_t i = 0; i < convolutions_.size(); ++i) convolutions_[i].Run(pictures_[i], pictures_[i + 1]);
  Attend(pictures_.back());
  for (int k = 0; k < camera_.slots; ++k)
    Multiply(slots_.row(k), slots_.stride(), 1, slot_maps_[k], tokens.row(k), tokens.stride());
}

size_t CameraEncoder::bytes() const {
  size_t total = attention_.bytes();
  for (const Convolution& c : convolutions_) total += c.bytes();
  for (const PackedWeights& m : slot_maps_) total += m.bytes();
  return total;
}

}  // namespace deerbench::fused
