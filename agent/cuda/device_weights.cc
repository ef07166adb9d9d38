#include "agent/cuda/device_weights.h"

#include <algorithm>

namespace deerbench::cuda {

DeviceMatrix MakeMatrix(Queue& queue, int rows, int width) {
  const int stride = RowStride(width);
  return {queue.Make<float>(static_cast<size_t>(rows) * stride), rows, width, stride};
}

LinearArgs Product(const DeviceMatrix& x, int rows, const DeviceLinear& linear, const DeviceMatrix& y,
                   LinearArgs how) {
  how.x = x.data;
  how.x_stride = x.stride;
  how.rows = rows;
  how.weights = linear.weights;
  how.type = linear.type;
  how.out = linear.out;
  how.in_stride = linear.stride;
  how.bias = linear.bias;
  how.y = y.data;
  how.y_stride = y.stride;
  return how;
}

LayerNormArgs Normalise(const DeviceMatrix& x, int rows, const DeviceNorm& norm, const DeviceMatrix& y) {
  return {.x = x.data,
          .x_stride = x.stride,
          .rows = rows,
          .width = norm.width,
          .weight = norm.weight,
          .bias = norm.bias,
          .eps = norm.eps,
          .y = y.data,
          .y_stride = y.stride};
}

template <class T>
T* DeviceWeights::Put(const T* values, size_t count) {
  T* data = queue_.Make<T>(count);
  queue_.Upload(data, values, count * sizeof(T));
  bytes_ += count * sizeof(T);
  return data;
}

const float* DeviceWeights::Vector(std::span<const float> values) {
  return Put(values.data(), values.size());
}

DeviceMatrix DeviceWeights::Table(std::span<const float> values, int rows, int width) {
  const int stride = RowStride(width);
  std::vector<float> padded(static_cast<size_t>(rows) * stride);
  for (int i = 0; i < rows; ++i)
    std::copy_n(values.begin() + static_cast<ptrdiff_t>(i) * width, width,
                padded.begin() + static_cast<ptrdiff_t>(i) * stride);
  return {Put(padded.data(), padded.size()), rows, width, stride};
}

DeviceLinear DeviceWeights::Matrix(std::span<const float> values, int out, int in) {
  DeviceLinear linear{.type = type_, .out = out, .in = in, .stride = RowStride(in)};
  if (type_ == Number::kFloat32) {
    linear.weights = Table(values, out, in).data;
    return linear;
  }
  std::vector<uint16_t> halves(static_cast<size_t>(out) * linear.stride);
  const auto convert = [&](auto to_bits) {
    for (int o = 0; o < out; ++o) {
      for (int i = 0; i < in; ++i)
        halves[static_cast<size_t>(o) * linear.stride + i] = to_bits(values[static_cast<size_t>(o) * in + i]);
    }
  };
  if (type_ == Number::kFloat16)
    convert(ToBits<Number::kFloat16>);
  else
    convert(ToBits<Number::kBFloat16>);
  linear.weights = Put(halves.data(), halves.size());
  return linear;
}

DeviceLinear DeviceWeights::ReadLinear(const std::string& prefix, int out, int in, bool bias) {
  DeviceLinear linear = Matrix(Read(prefix + ".weight", {out, in}), out, in);
  if (bias) linear.bias = Vector(Read(prefix + ".bias", {out}));
  return linear;
}

DeviceNorm DeviceWeights::ReadNorm(const std::string& prefix, int width, bool bias, double eps) {
  DeviceNorm norm{
      .weight = Vector(Read(prefix + ".weight", {width})), .width = width, .eps = static_cast<float>(eps)};
  if (bias) norm.bias = Vector(Read(prefix + ".bias", {width}));
  return norm;
}

}  // namespace deerbench::cuda
