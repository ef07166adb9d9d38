// Storage of the fused path: rows of floats whose length is rounded up to whole vectors, the rest zero.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

namespace deerbench::fused {

inline constexpr int RoundUp(int value, int unit) { return (value + unit - 1) / unit * unit; }

// Zeroed floats at a cache line's boundary. Kernels may read, never use, up to a cache line behind the end.
class Floats {
 public:
  Floats() = default;
  explicit Floats(size_t count) : data_(Allocate(count)), count_(count) {}

  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  size_t size() const { return count_; }
  float& operator[](size_t i) { return data_.get()[i]; }
  float operator[](size_t i) const { return data_.get()[i]; }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(float* p) const { ::operator delete(p, kAlignment); }
  };
  static std::unique_ptr<float, Free> Allocate(size_t count) {
    const size_t bytes = (count + 16) * sizeof(float);
    auto* data = static_cast<float*>(::operator new(bytes, kAlignment));
    std::memset(data, 0, bytes);
    return std::unique_ptr<float, Free>(data);
  }

  std::unique_ptr<float, Free> data_;
  size_t count_ = 0;
};

// (rows, width): row i starts at data + i * stride. Columns from width to stride hold zeros and stay so.
class Matrix {
 public:
  Matrix() = default;
  Matrix(int rows, int width)
      : rows_(rows),
        width_(width),
        stride_(RoundUp(width, 8)),
        floats_(static_cast<size_t>(rows) * stride_) {}

  int rows() const { return rows_; }
  int width() const { return width_; }
  int stride() const { return stride_; }
  float* row(int i) { return floats_.data() + static_cast<size_t>(i) * stride_; }
  const float* row(int i) const { return floats_.data() + static_cast<size_t>(i) * stride_; }

 private:
  int rows_ = 0, width_ = 0, stride_ = 0;
  Floats floats_;
};

}  // namespace deerbench::fused
