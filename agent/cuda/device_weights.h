// A checkpoint's tensors in the device's memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "agent/cuda/queue.h"
#include "agent/fused/weights.h"

namespace deerbench::cuda {

inline constexpr int RowStride(int width) { return (width + 7) / 8 * 8; }

// (rows, width) in single precision; columns behind the width hold zeros and stay so.
struct DeviceMatrix {
  float* data = nullptr;
  int rows = 0, width = 0, stride = 0;

  float* row(int i) const { return data + static_cast<size_t>(i) * stride; }
};
DeviceMatrix MakeMatrix(Queue& queue, int rows, int width);

struct DeviceLinear {
  const void* weights = nullptr;  // (out, stride)
  Number type = Number::kFloat32;
  int out = 0, in = 0, stride = 0;
  const float* bias = nullptr;
};

struct DeviceNorm {
  const float* weight = nullptr;
  const float* bias = nullptr;
  int width = 0;
  float eps = 0;
};

// y = x W' + b for the first `rows` rows; the fields of `how` that say what follows are kept.
LinearArgs Product(const DeviceMatrix& x, int rows, const DeviceLinear& linear, const DeviceMatrix& y,
                   LinearArgs how = {});
LayerNormArgs Normalise(const DeviceMatrix& x, int rows, const DeviceNorm& norm, const DeviceMatrix& y);

class DeviceWeights {
 public:
  DeviceWeights(const std::filesystem::path& file, Queue& queue) : reader_(file), queue_(queue) {}

  // The type of the matrices that follow, single precision at first. Vectors are always in single precision.
  void StoreAs(Number type) { type_ = type; }

  // What the tensor holds, on the host.
  std::vector<float> Read(const std::string& name, const std::vector<int64_t>& shape) {
    return reader_.Read(name, shape);
  }
  DeviceLinear Matrix(std::span<const float> values, int out, int in);
  // `prefix`.weight and, if asked for, `prefix`.bias.
  DeviceLinear ReadLinear(const std::string& prefix, int out, int in, bool bias);
  DeviceNorm ReadNorm(const std::string& prefix, int width, bool bias, double eps);
  const float* Vector(std::span<const float> values);
  // Rows with their zeros.
  DeviceMatrix Table(std::span<const float> values, int rows, int width);

  void RequireAllRead(const std::vector<std::string>& ignored_prefixes) const {
    reader_.RequireAllRead(ignored_prefixes);
  }
  size_t bytes() const { return bytes_; }  // of everything uploaded, the rows' zeros included

 private:
  template <class T>
  T* Put(const T* values, size_t count);

  fused::WeightReader reader_;
  Queue& queue_;
  Number type_ = Number::kFloat32;
  size_t bytes_ = 0;
};

}  // namespace deerbench::cuda
