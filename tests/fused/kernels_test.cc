// Each kernel of the fused path against a plain loop in double precision.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "agent/fused/attention.h"
#include "agent/fused/camera_encoder.h"
#include "agent/fused/convolution.h"
#include "agent/fused/linear.h"
#include "agent/fused/rows.h"
#include "agent/fused/simd.h"
#include "agent/fused/tiles.h"

namespace deerbench::fused {
namespace {

class Numbers {
 public:
  std::vector<float> Normal(size_t count) {
    std::vector<float> values(count);
    for (float& v : values) v = distribution_(generator_);
    return values;
  }
  Matrix NormalMatrix(int rows, int width) {
    Matrix m(rows, width);
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < width; ++j) m.row(i)[j] = distribution_(generator_);
    }
    return m;
  }

 private:
  std::mt19937 generator_{7};
  std::normal_distribution<float> distribution_;
};

template <class Approximate, class Exact>
double WorstError(double from, double to, const Approximate& approximate, const Exact& exact) {
  double worst = 0;
  for (int i = 0; i <= 100000; ++i) {
    const auto x = static_cast<float>(from + (to - from) * i / 100000);
    alignas(32) float y[8];
    Store(y, approximate(Splat(x)));
    worst = std::max(worst, std::abs(y[5] - exact(static_cast<double>(x))));
  }
  return worst;
}

void CheckPadding(const Matrix& m) {
  for (int i = 0; i < m.rows(); ++i) {
    for (int j = m.width(); j < m.stride(); ++j) CHECK(m.row(i)[j] == 0);
  }
}

TEST_CASE("Functions of eight floats are accurate to single precision") {
  CHECK(WorstError(
            -9, 9, [](F8 x) { return Erf(x); }, [](double x) { return std::erf(x); }) < 4e-7);
  CHECK(WorstError(
            -20, 20, [](F8 x) { return Tanh(x); }, [](double x) { return std::tanh(x); }) < 3e-7);
  CHECK(WorstError(
            -90, 90, [](F8 x) { return Sigmoid(x); }, [](double x) { return 1 / (1 + std::exp(-x)); }) <
        3e-7);
  CHECK(WorstError(
            -80, 80, [](F8 x) { return _mm256_div_ps(Exp(x), Splat(1)); }, [](double) { return 0.0; }) >
        1e30);  // no early saturation
  CHECK(WorstError(
            -10, 3, [](F8 x) { return Exp(x); }, [](double x) { return std::exp(x); }) < 4e-6);
  CHECK(WorstError(
            -6, 6, [](F8 x) { return Gelu(x); },
            [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }) < 2e-6);
}

TEST_CASE("Products equal a plain loop for all numbers of rows and all tails") {
  Numbers numbers;
  for (const int out : {1, 6, 8, 16, 24, 40, 64, 100}) {
    for (const int in : {1, 15, 34, 64}) {
      const std::vector<float> w = numbers.Normal(static_cast<size_t>(out) * in), b = numbers.Normal(out);
      const PackedWeights packed(w, out, in, b);
      for (int rows = 1; rows <= 14; ++rows) {
        const Matrix x = numbers.NormalMatrix(rows, in), residual = numbers.NormalMatrix(rows, out);
        Matrix plain(rows, out), fused(rows, out);
        Multiply(x, rows, packed, plain, {.relu = true});
        std::copy_n(residual.row(0), static_cast<size_t>(rows) * residual.stride(), fused.row(0));
        Multiply(x, rows, packed, fused, {.residual = fused.row(0), .scale = 0.5f});
        double worst = 0;
        for (int i = 0; i < rows; ++i) {
          for (int o = 0; o < out; ++o) {
            double sum = b[o];
            for (int k = 0; k < in; ++k)
              sum += static_cast<double>(x.row(i)[k]) * w[static_cast<size_t>(o) * in + k];
            worst = std::max({worst, std::abs(plain.row(i)[o] - std::max(sum, 0.0)),
                              std::abs(fused.row(i)[o] - (residual.row(i)[o] + 0.5 * sum))});
          }
        }
        CHECK(worst < 2e-5);
        CheckPadding(plain);
        CheckPadding(fused);
      }
    }
  }
}

struct Sizes {
  int out, in, rows;
};

// Root mean square error of a product relative to its root mean square, against double precision.
double RelativeError(const Matrix& y, const Matrix& x, const std::vector<float>& w,
                     const std::vector<float>& b, const Sizes& c) {
  double error = 0, size = 0;
  for (int i = 0; i < c.rows; ++i) {
    for (int o = 0; o < c.out; ++o) {
      double sum = b[o];
      for (int k = 0; k < c.in; ++k)
        sum += static_cast<double>(x.row(i)[k]) * w[static_cast<size_t>(o) * c.in + k];
      error += (y.row(i)[o] - sum) * (y.row(i)[o] - sum);
      size += sum * sum;
    }
  }
  return std::sqrt(error / size);
}

TEST_CASE("Products with weights of every type are as exact as the type, whatever the sizes and workers") {
  Numbers numbers;
  Workers three(3);
  // Blocks of 128 and 256 inputs, groups, panels and tasks whole and cut; many rows and few.
  const Sizes cases[] = {{16, 128, 1},  {40, 600, 5},   {130, 513, 13}, {256, 1024, 1},
                         {300, 577, 7}, {144, 768, 70}, {7, 100, 2},    {129, 1030, 131}};
  const std::pair<WeightType, double> types[] = {{WeightType::kFloat32, 1e-6},
                                                 {WeightType::kBFloat16, 2.5e-3},
                                                 {WeightType::kFloat16, 3e-4},
                                                 {WeightType::kInt8, 1e-2},
                                                 {WeightType::kInt4, 1.2e-1}};
  for (const Sizes& c : cases) {
    const std::vector<float> w = numbers.Normal(static_cast<size_t>(c.out) * c.in), b = numbers.Normal(c.out);
    const Matrix x = numbers.NormalMatrix(c.rows, c.in);
    const Matrix residual = numbers.NormalMatrix(c.rows, c.out);
    for (const auto& [type, tolerance] : types) {
      INFO(WeightTypeName(type) << " " << c.out << " x " << c.in << ", " << c.rows << " rows");
      const PackedWeights packed(w, c.out, c.in, b, type);
      Matrix plain(c.rows, c.out), shared(c.rows, c.out), fused(c.rows, c.out), one(1, c.out);
      Multiply(x, c.rows, packed, plain);
      CHECK(RelativeError(plain, x, w, b, c) < tolerance);
      CheckPadding(plain);
      Multiply(x, c.rows, packed, shared, {}, &three);
      Multiply(x, c.rows, packed, fused, {.relu = true, .residual = residual.row(0), .scale = 0.5f}, &three);
      Multiply(x.row(c.rows - 1), x.stride(), 1, packed, one.row(0), one.stride());
      bool same = true, same_alone = true, finished = true;
      for (int i = 0; i < c.rows; ++i) {
        for (int o = 0; o < c.out; ++o) {
          const float value = plain.row(i)[o];
          same = same && shared.row(i)[o] == value;
          if (i == c.rows - 1) same_alone = same_alone && one.row(0)[o] == value;
          finished = finished && fused.row(i)[o] == std::fma(0.5f, std::max(value, 0.0f), residual.row(i)[o]);
        }
      }
      CHECK(same);
      CHECK(same_alone);
      CHECK(finished);
    }
  }
}

// Products of all types with either set of loops; leaves the best in use.
void CheckSameBits(const Tiles& one, const Tiles& other) {
  const Tiles& best = BestTiles();
  Numbers numbers;
  for (const Sizes& c : {Sizes{40, 600, 5}, Sizes{130, 1030, 13}, Sizes{48, 777, 29}, Sizes{33, 513, 131}}) {
    const std::vector<float> w = numbers.Normal(static_cast<size_t>(c.out) * c.in), b = numbers.Normal(c.out);
    const Matrix x = numbers.NormalMatrix(c.rows, c.in);
    for (const WeightType type : {WeightType::kFloat32, WeightType::kBFloat16, WeightType::kFloat16,
                                  WeightType::kInt8, WeightType::kInt4}) {
      const PackedWeights packed(w, c.out, c.in, b, type);
      Matrix of_one(c.rows, c.out), of_other(c.rows, c.out);
      UseTiles(one);
      Multiply(x, c.rows, packed, of_one);
      UseTiles(other);
      Multiply(x, c.rows, packed, of_other);
      UseTiles(best);
      bool same = true;
      for (int i = 0; i < c.rows; ++i)
        same = same && std::memcmp(of_one.row(i), of_other.row(i), c.out * sizeof(float)) == 0;
      CHECK(same);
    }
  }
}

TEST_CASE("Products have the same bits on processors with AVX-512 and without") {
  if (&BestTiles() == &Avx2Tiles()) {
    WARN("skipped: this processor has no AVX-512");
    return;
  }
  CheckSameBits(BestTiles(), Avx2Tiles());
}

TEST_CASE("Products have the same bits whether weights are decoded first or within a tile") {
  Tiles first = Avx2Tiles();
  first.bytes = nullptr;
  first.bfloats = first.float16s = nullptr;
  CheckSameBits(Avx2Tiles(), first);
}

TEST_CASE("Integer products neither overflow nor saturate at the largest weights and activations") {
  const int in = 1024;
  for (const WeightType type : {WeightType::kInt8, WeightType::kInt4}) {
    for (const float sign : {1.0f, -1.0f}) {
      const PackedWeights packed(std::vector<float>(16 * in, sign), 16, in, {}, type);
      Matrix x(1, in), y(1, 16);
      std::fill_n(x.row(0), in, 3.0f);
      Multiply(x, 1, packed, y);
      for (int o = 0; o < 16; ++o) CHECK(y.row(0)[o] == Approx(3.0 * sign * in).epsilon(1e-6));
    }
  }
  // Nothing times something, and something that is not there.
  const PackedWeights packed(std::vector<float>(16 * in, 0.0f), 16, in, {}, WeightType::kInt8);
  Matrix x(2, in), y(2, 16);
  x.row(1)[5] = 1;
  Multiply(x, 2, packed, y);
  for (int o = 0; o < 16; ++o) CHECK((y.row(0)[o] == 0 && y.row(1)[o] == 0));
}

TEST_CASE("Weights take the memory of their type") {
  const int out = 256, in = 1024;
  const std::vector<float> w(static_cast<size_t>(out) * in, 0.5f);
  const auto bits = [&](WeightType type) {
    return 8.0 * static_cast<double>(PackedWeights(w, out, in, {}, type).bytes() - out * sizeof(float)) /
           (out * in);
  };
  CHECK(bits(WeightType::kFloat32) == 32);
  CHECK(bits(WeightType::kBFloat16) == 16);
  CHECK(bits(WeightType::kFloat16) == 16);
  CHECK(bits(WeightType::kInt8) == 8.25);
  CHECK(bits(WeightType::kInt4) == 4.5);
}

TEST_CASE("Weights beyond half precision saturate, and what is not a number stays none") {
  const float infinite = std::numeric_limits<float>::infinity();
  std::vector<float> w = {70000, -1e10f, infinite, -infinite, 65504, -2.5f, 0};
  const std::vector<float> halves = {65504, -65504, 65504, -65504, 65504, -2.5f, 0};
  for (const uint32_t bits : {0x7fffffffu, 0xffffffffu, 0x7f800001u}) {
    float none;
    std::memcpy(&none, &bits, sizeof(none));
    w.push_back(none);
  }
  const int in = static_cast<int>(w.size());
  for (const WeightType type : {WeightType::kBFloat16, WeightType::kFloat16}) {
    const PackedWeights packed(w, 1, in, {}, type);
    Floats decoded(static_cast<size_t>(in) * kPanel);
    DecodeFloats(type, packed.panel(0), in, decoded.data());
    for (int i = 0; i < in; ++i) {
      INFO(WeightTypeName(type) << " weight " << i);
      const float value = decoded[static_cast<size_t>(i) * kPanel];
      if (i >= static_cast<int>(halves.size()))
        CHECK(std::isnan(value));
      else if (type == WeightType::kFloat16)
        CHECK(value == halves[i]);
      else if (std::isinf(w[i]))
        CHECK(value == w[i]);
      else
        CHECK(value == Approx(w[i]).epsilon(4e-3));
    }
  }
}

TEST_CASE("Workers do everything once, loop after loop, whatever there is to do") {
  for (const int threads : {1, 2, 4}) {
    Workers workers(threads);
    CHECK(workers.threads() == threads);
    for (int loop = 0; loop < 200; ++loop) {
      std::vector<int> done(loop % 7 * 5);
      workers.Run(static_cast<int>(done.size()), [&](int i) { ++done[i]; });
      CHECK(std::all_of(done.begin(), done.end(), [](int n) { return n == 1; }));
    }
  }
}

TEST_CASE("Layer norm and pooling equal a plain loop") {
  Numbers numbers;
  for (const int width : {3, 8, 20, 64, 96}) {
    const std::vector<float> weight = numbers.Normal(width), bias = numbers.Normal(width);
    const LayerNorm norm(weight, bias, 1e-5);
    const Matrix x = numbers.NormalMatrix(5, width);
    Matrix y(5, width), pooled(1, width);
    norm.Apply(x, 5, y);
    MaxPool(x, 5, pooled.row(0));
    for (int i = 0; i < 5; ++i) {
      double mean = 0, variance = 0;
      for (int j = 0; j < width; ++j) mean += x.row(i)[j] / width;
      for (int j = 0; j < width; ++j) variance += (x.row(i)[j] - mean) * (x.row(i)[j] - mean) / width;
      for (int j = 0; j < width; ++j) {
        CHECK(y.row(i)[j] ==
              Approx((x.row(i)[j] - mean) / std::sqrt(variance + 1e-5) * weight[j] + bias[j]).margin(2e-6));
        CHECK(pooled.row(0)[j] >= x.row(i)[j]);
      }
    }
    CheckPadding(y);
  }
}

TEST_CASE("Attention equals a plain loop with and without a causal mask and a bias") {
  Numbers numbers;
  for (const bool causal : {false, true}) {
    for (const int dim : {5, 8, 16, 24}) {
      for (const auto& [queries, keys] : {std::pair{1, 1}, {9, 9}, {17, 17}, {8, 24}, {12, 17}}) {
        if (causal && queries != keys) continue;
        const int heads = 3;
        const Matrix q = numbers.NormalMatrix(queries, heads * dim),
                     k = numbers.NormalMatrix(keys, heads * dim), v = numbers.NormalMatrix(keys, heads * dim);
        const std::vector<float> bias = numbers.Normal(static_cast<size_t>(heads) * keys);
        Matrix out(queries, heads * dim);
        Attend({.heads = heads,
                .head_dim = dim,
                .queries = queries,
                .keys = keys,
                .causal = causal,
                .bias = causal ? bias.data() : nullptr,
                .bias_stride = keys,
                .scale = 0.3f},
               q.row(0), q.stride(), k.row(0), k.stride(), v.row(0), v.stride(), out.row(0), out.stride());
        double worst = 0;
        for (int h = 0; h < heads; ++h) {
          for (int i = 0; i < queries; ++i) {
            std::vector<double> weights;
            double sum = 0;
            for (int j = 0; j < (causal ? i + 1 : keys); ++j) {
              double score = 0;
              for (int c = h * dim; c < (h + 1) * dim; ++c) score += double{q.row(i)[c]} * k.row(j)[c];
              weights.push_back(
                  std::exp(0.3 * score + (causal ? bias[static_cast<size_t>(h) * keys + j] : 0.0)));
              sum += weights.back();
            }
            for (int c = h * dim; c < (h + 1) * dim; ++c) {
              double mixed = 0;
              for (size_t j = 0; j < weights.size(); ++j)
                mixed += weights[j] / sum * v.row(static_cast<int>(j))[c];
              worst = std::max(worst, std::abs(mixed - out.row(i)[c]));
            }
          }
        }
        CHECK(worst < 3e-6);
        CheckPadding(out);
      }
    }
  }
}

TEST_CASE("Attention to keys after others were seen equals attention to all of them") {
  Numbers numbers;
  const int heads = 3, queries = 8;
  for (const int dim : {5, 16, 20, 48}) {
    for (const int earlier : {1, 7}) {
      for (const int later : {1, 8, 17}) {
        const int keys = earlier + later;
        const Matrix q = numbers.NormalMatrix(queries, heads * dim), k = numbers.NormalMatrix(keys, dim),
                     v = numbers.NormalMatrix(keys, dim);
        AttentionShape shape{.heads = heads,
                             .head_dim = dim,
                             .queries = queries,
                             .keys = keys,
                             .scale = 0.3f,
                             .shared_keys = true};
        Matrix all(queries, heads * dim), out(queries, heads * dim);
        Attend(shape, q.row(0), q.stride(), k.row(0), k.stride(), v.row(0), v.stride(), all.row(0),
               all.stride());

        Attended before(queries, heads, dim);
        for (int i = 0; i < queries; ++i) {
          for (int h = 0; h < heads; ++h) {
            std::vector<double> scores(earlier);
            for (int j = 0; j < earlier; ++j) {
              for (int c = 0; c < dim; ++c) scores[j] += 0.3 * q.row(i)[h * dim + c] * k.row(j)[c];
            }
            before.most.row(i)[h] = static_cast<float>(std::ranges::max(scores));
            for (int j = 0; j < earlier; ++j) {
              const double weight = std::exp(scores[j] - before.most.row(i)[h]);
              before.sum.row(i)[h] += static_cast<float>(weight);
              for (int c = 0; c < dim; ++c)
                before.values.row(i)[h * dim + c] += static_cast<float>(weight * v.row(j)[c]);
            }
          }
        }
        shape.keys = later;
        shape.before = &before;
        Attend(shape, q.row(0), q.stride(), k.row(earlier), k.stride(), v.row(earlier), v.stride(),
               out.row(0), out.stride());
        double worst = 0;
        for (int i = 0; i < queries; ++i) {
          for (int c = 0; c < heads * dim; ++c)
            worst = std::max(worst, std::abs(double{all.row(i)[c]} - out.row(i)[c]));
        }
        CHECK(worst < 3e-6);
        CheckPadding(out);
      }
    }
  }
}

TEST_CASE("Convolutions equal a plain loop for all kernels, strides and sizes") {
  Numbers numbers;
  struct Case {
    int size, in, out, kernel, stride;
  };
  for (const Case& c : {Case{10, 3, 16, 5, 2},
                        {13, 16, 32, 3, 1},
                        {13, 16, 32, 3, 2},
                        {7, 5, 6, 3, 2},
                        {4, 8, 20, 1, 1},
                        {1, 3, 8, 5, 1}}) {
    const std::vector<float> w = numbers.Normal(static_cast<size_t>(c.out) * c.in * c.kernel * c.kernel),
                             b = numbers.Normal(c.out);
    const Convolution convolution(w, b, c.out, c.in, c.kernel, c.stride);
    Picture in(c.size, c.in, c.kernel / 2), out(convolution.OutputSize(c.size), c.out, 1);
    for (int y = 0; y < c.size; ++y) {
      for (int x = 0; x < c.size; ++x) {
        const std::vector<float> values = numbers.Normal(c.in);
        std::copy(values.begin(), values.end(), in.pixel(y, x));
      }
    }
    convolution.Run(in, out);
    double worst = 0;
    for (int y = 0; y < out.size(); ++y) {
      for (int x = 0; x < out.size(); ++x) {
        for (int o = 0; o < c.out; ++o) {
          double sum = b[o];
          for (int ky = 0; ky < c.kernel; ++ky) {
            for (int kx = 0; kx < c.kernel; ++kx) {
              const int iy = y * c.stride + ky - c.kernel / 2, ix = x * c.stride + kx - c.kernel / 2;
              if (iy < 0 || iy >= c.size || ix < 0 || ix >= c.size) continue;
              for (int i = 0; i < c.in; ++i) {
                sum += double{in.pixel(iy, ix)[i]} *
                       w[((static_cast<size_t>(o) * c.in + i) * c.kernel + ky) * c.kernel + kx];
              }
            }
          }
          worst = std::max(worst, std::abs(out.pixel(y, x)[o] - std::max(sum, 0.0)));
        }
      }
    }
    CHECK(worst < 5e-5);
    for (int x = -1; x <= out.size(); ++x) {
      for (int o = 0; o < c.out; ++o) CHECK((out.pixel(-1, x)[o] == 0 && out.pixel(out.size(), x)[o] == 0));
    }
    for (int y = 0; y < out.size(); ++y) {
      for (int o = 0; o < c.out; ++o) CHECK((out.pixel(y, -1)[o] == 0 && out.pixel(y, out.size())[o] == 0));
    }
  }
}

TEST_CASE("Pictures are halved by block means, their border left alone") {
  std::mt19937 generator(3);
  for (const int size : {1, 2, 3, 4, 5, 42, 50}) {
    std::vector<uint8_t> bytes(static_cast<size_t>(size) * size * 12);
    for (uint8_t& b : bytes) b = static_cast<uint8_t>(generator());
    Picture picture(size, 3, 2);
    HalvePicture(bytes.data(), 0.01f, 2.0f, picture);
    for (int y = -2; y < size + 2; ++y) {
      for (int x = -2; x < size + 2; ++x) {
        for (int c = 0; c < 3; ++c) {
          if (y < 0 || x < 0 || y >= size || x >= size) {
            CHECK(picture.pixel(y, x)[c] == 0);
            continue;
          }
          const auto byte = [&](int dy, int dx) {
            return int{bytes[(static_cast<size_t>(2 * y + dy) * 2 * size + 2 * x + dx) * 3 + c]};
          };
          CHECK(picture.pixel(y, x)[c] ==
                Approx((byte(0, 0) + byte(0, 1) + byte(1, 0) + byte(1, 1)) * 0.01 - 2.0).margin(1e-5));
        }
      }
    }
  }
}

}  // namespace
}  // namespace deerbench::fused
