// Storage of the fused path: rows of floats whose length is rounded up to whole vectors, the rest zero.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace deerbench::fused {

inline constexpr int RoundUp(int value, int unit) { return (value + unit - 1) / unit * unit; }

// Zeroed numbers at a cache line's boundary. Kernels may read, never use, up to a cache line behind the end.
// Large arrays ask for large pages: streaming through weights would otherwise wait for address translation.
template <class T>
class Array {
 public:
  Array() = default;
  explicit Array(size_t count) : data_(Allocate(count)), count_(count) {}

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  size_t size() const { return count_; }
  size_t bytes() const { return count_ * sizeof(T); }
  T& operator[](size_t i) { return data_.get()[i]; }
  T operator[](size_t i) const { return data_.get()[i]; }

  // At least `count` numbers; what was in them is lost where it grows.
  void Reserve(size_t count) {
    if (count > count_) *this = Array(count);
  }

 private:
  static constexpr size_t kLine = 64, kLargePage = 2 << 20;
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  static std::unique_ptr<T, Free> Allocate(size_t count) {
    size_t bytes = count * sizeof(T) + kLine;
    const size_t alignment = bytes >= 2 * kLargePage ? kLargePage : kLine;
    bytes = (bytes + alignment - 1) / alignment * alignment;
    void* data = std::aligned_alloc(alignment, bytes);
    if (data == nullptr) throw std::bad_alloc();
    if (alignment == kLargePage) madvise(data, bytes, MADV_HUGEPAGE);
    std::memset(data, 0, bytes);
    return std::unique_ptr<T, Free>(static_cast<T*>(data));
  }

  std::unique_ptr<T, Free> data_;
  size_t count_ = 0;
};
using Floats = Array<float>;

// (rows, width): row i starts at data + i * stride. Columns from width to stride hold zeros and stay so.
class Matrix {
 public:
  Matrix() = default;
  Matrix(int rows, int width)
      : rows_(rows),
        width_(width),
        stride_(PaddedStride(width)),
        floats_(static_cast<size_t>(rows) * stride_) {}

  int rows() const { return rows_; }
  int width() const { return width_; }
  int stride() const { return stride_; }
  size_t bytes() const { return floats_.bytes(); }
  float* row(int i) { return floats_.data() + static_cast<size_t>(i) * stride_; }
  const float* row(int i) const { return floats_.data() + static_cast<size_t>(i) * stride_; }

 private:
  // Rows whole pages apart would all fall into the same few lines of the first cache.
  static int PaddedStride(int width) {
    const int stride = RoundUp(width, 8);
    return stride % 1024 == 0 ? stride + 16 : stride;
  }

  int rows_ = 0, width_ = 0, stride_ = 0;
  Floats floats_;
};

}  // namespace deerbench::fused
