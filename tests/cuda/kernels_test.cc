// Each kernel against its definition in double precision, at sizes that are no multiple of anything.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <vector>

#include "agent/clip_preprocess.h"
#include "agent/cuda/device_weights.h"
#include "base/random.h"
#include "tests/cuda/test_queue.h"

namespace deerbench::cuda {
namespace {

std::vector<float> Random(size_t count, uint64_t seed) {
  SplitMix64 random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(2 * random.Uniform() - 1);
  return values;
}

template <class T>
T* Put(Queue& queue, const std::vector<T>& values) {
  T* data = queue.Make<T>(values.size());
  queue.Upload(data, values.data(), values.size() * sizeof(T));
  return data;
}

std::vector<float> Get(Queue& queue, const float* data, size_t count) {
  std::vector<float> values(count);
  queue.Wait();
  queue.Download(values.data(), data, count * sizeof(float));
  return values;
}

// What the type makes of a number.
float Rounded(Number type, float value) {
  if (type == Number::kFloat32) return value;
  return type == Number::kFloat16 ? FromBits<Number::kFloat16>(ToBits<Number::kFloat16>(value))
                                  : FromBits<Number::kBFloat16>(ToBits<Number::kBFloat16>(value));
}

struct LinearCase {
  int rows, in, out;
};
constexpr LinearCase kLinearCases[] = {{13, 1003, 70}, {1, 21, 5}, {67, 90, 131}, {17, 600, 3}};

// Also where inputs are split among blocks (many inputs, few outputs) and where rows fill several tiles.
TEST_CASE("A product of any size has the sums of its rounded weights and whatever follows them") {
  for (const Number type : {Number::kFloat32, Number::kBFloat16, Number::kFloat16}) {
    for (const auto& [rows, in, out] : kLinearCases) {
      const auto queue = MakeTestQueue("products");
      if (!queue) return;
      const int stride = RowStride(in), y_stride = RowStride(out);
      const std::vector<float> x = Random(static_cast<size_t>(rows) * stride, 1), bias = Random(out, 2),
                               residual = Random(static_cast<size_t>(rows) * y_stride, 3),
                               w = Random(static_cast<size_t>(out) * in, 4);
      std::vector<float> padded(static_cast<size_t>(out) * stride);
      std::vector<uint16_t> halves(padded.size());
      for (int o = 0; o < out; ++o) {
        for (int i = 0; i < in; ++i) {
          const float value = Rounded(type, w[static_cast<size_t>(o) * in + i]);
          const size_t at = static_cast<size_t>(o) * stride + i;
          padded[at] = value;
          halves[at] =
              type == Number::kFloat16 ? ToBits<Number::kFloat16>(value) : ToBits<Number::kBFloat16>(value);
        }
      }
      const void* weights = type == Number::kFloat32 ? static_cast<const void*>(Put(*queue, padded))
                                                     : static_cast<const void*>(Put(*queue, halves));
      float* y = Put(*queue, residual);
      queue->Run(LinearArgs{.x = Put(*queue, x),
                            .x_stride = stride,
                            .rows = rows,
                            .weights = weights,
                            .type = type,
                            .out = out,
                            .in_stride = stride,
                            .bias = Put(*queue, bias),
                            .y = y,
                            .y_stride = y_stride,
                            .activation = Activation::kGelu,
                            .residual = y,
                            .scale = 0.5f});
      const std::vector<float> computed = Get(*queue, y, residual.size());
      double worst = 0;
      for (int r = 0; r < rows; ++r) {
        for (int o = 0; o < y_stride; ++o) {
          const size_t at = static_cast<size_t>(r) * y_stride + o;
          double expected = residual[at];  // behind the outputs nothing is written
          if (o < out) {
            double sum = bias[o];
            for (int i = 0; i < in; ++i)
              sum += static_cast<double>(x[static_cast<size_t>(r) * stride + i]) *
                     padded[static_cast<size_t>(o) * stride + i];
            expected += 0.5 * 0.5 * sum * (1 + std::erf(sum / std::sqrt(2.0)));
          }
          worst = std::max(worst, std::abs(computed[at] - expected));
        }
      }
      INFO("type " << static_cast<int>(type) << ", " << rows << " x " << in << " -> " << out);
      // bfloat16's two halves of an activation hold 16 bits of it.
      CHECK(worst < (type == Number::kBFloat16 ? 3e-4 : 3e-5));
    }
  }
}

TEST_CASE("Attention adds biases by key, looks back only where told, and knows tokens without media") {
  const int queries = 19, keys = 45, heads = 2, dim = 37, stride = RowStride(heads * dim);
  for (const bool causal : {false, true}) {
    const auto queue = MakeTestQueue("attention");
    if (!queue) return;
    const int k_rows = causal ? queries : keys;
    const std::vector<float> q = Random(static_cast<size_t>(queries) * stride, 5),
                             k = Random(static_cast<size_t>(k_rows) * stride, 6),
                             v = Random(static_cast<size_t>(k_rows) * stride, 7),
                             bias = Random(static_cast<size_t>(heads) * k_rows, 8);
    std::vector<int> seen(queries, 1);
    seen[0] = 0;
    seen[queries - 1] = 2;
    float* out = queue->Make<float>(q.size());
    queue->Run(AttentionArgs{.heads = heads,
                             .head_dim = dim,
                             .queries = queries,
                             .keys = k_rows,
                             .q = Put(*queue, q),
                             .q_stride = stride,
                             .k = Put(*queue, k),
                             .v = Put(*queue, v),
                             .k_stride = stride,
                             .out = out,
                             .out_stride = stride,
                             .scale = 0.7f,
                             .causal = causal,
                             .bias = Put(*queue, bias),
                             .media_seen = causal ? nullptr : Put(*queue, seen)});
    const std::vector<float> computed = Get(*queue, out, q.size());
    double worst = 0;
    for (int h = 0; h < heads; ++h) {
      for (int i = 0; i < queries; ++i) {
        const int visible = causal ? i + 1 : k_rows;
        std::vector<double> weight(visible);
        double sum = 0;
        for (int j = 0; j < visible; ++j) {
          double score = 0;
          for (int c = 0; c < dim; ++c)
            score += static_cast<double>(q[i * stride + h * dim + c]) * k[j * stride + h * dim + c];
          score = 0.7f * score + bias[h * k_rows + j];
          if (!causal && seen[i] > 1) score = 0;
          sum += weight[j] = std::exp(score);
        }
        for (int c = 0; c < dim; ++c) {
          double expected = 0;
          for (int j = 0; j < visible; ++j) expected += weight[j] / sum * v[j * stride + h * dim + c];
          if (!causal && seen[i] == 0) expected = 0;
          worst = std::max(worst, std::abs(computed[i * stride + h * dim + c] - expected));
        }
      }
    }
    CHECK(worst < 2e-6);
  }
}

TEST_CASE("Pictures become the patches of the official preprocessing, bit for bit") {
  for (const int side : {84, 300}) {
    const auto queue = MakeTestQueue("preprocessing");
    if (!queue) return;
    const int size = 224, patch = 14, across = size / patch, width = 3 * patch * patch;
    std::vector<uint8_t> rgb(static_cast<size_t>(side) * side * 3);
    SplitMix64 random(9);
    for (uint8_t& byte : rgb) byte = static_cast<uint8_t>(random.Below(256));
    const std::vector<BicubicTap> list = BicubicTaps(side, size);
    size_t most = 0;
    for (const BicubicTap& tap : list) most = std::max(most, tap.weights.size());
    std::vector<int> first, count, weights(list.size() * most);
    for (size_t i = 0; i < list.size(); ++i) {
      first.push_back(list[i].first);
      count.push_back(static_cast<int>(list[i].weights.size()));
      std::copy(list[i].weights.begin(), list[i].weights.end(),
                weights.begin() + static_cast<ptrdiff_t>(i * most));
    }
    const Taps taps{Put(*queue, first), Put(*queue, count), Put(*queue, weights), static_cast<int>(most)};
    uint8_t* stretched = queue->Make<uint8_t>(static_cast<size_t>(side) * size * 3);
    queue->Run(ResizeRowsArgs{Put(*queue, rgb), side, side, size, taps, stretched});
    float* out = queue->Make<float>(static_cast<size_t>(across) * across * width);
    ResizeColumnsArgs args{.rgb = stretched,
                           .width = size,
                           .taps = taps,
                           .size = size,
                           .patch_size = patch,
                           .out = out,
                           .out_stride = width};
    std::copy_n(kClipMean, 3, args.mean);
    std::copy_n(kClipDeviation, 3, args.deviation);
    queue->Run(args);
    const std::vector<float> computed = Get(*queue, out, static_cast<size_t>(across) * across * width);
    const std::vector<float> expected = ClipPreprocess(rgb, side, side, size);
    int differ = 0;
    for (int c = 0; c < 3; ++c) {
      for (int y = 0; y < size; ++y) {
        for (int x = 0; x < size; ++x) {
          const size_t row = static_cast<size_t>(y / patch) * across + x / patch;
          const float value = computed[row * width + (c * patch + y % patch) * patch + x % patch];
          differ += value != expected[(static_cast<size_t>(c) * size + y) * size + x];
        }
      }
    }
    CHECK(differ == 0);
  }
}

}  // namespace
}  // namespace deerbench::cuda
