// Between numpy arrays and the plain arrays of the libraries.
#pragma once

#include <fmt/format.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <array>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace deerbench {

// A new array with a copy of `values`.
template <size_t kSize>
pybind11::array_t<double> ToNumpy(const std::array<double, kSize>& values) {
  return pybind11::array_t<double>(kSize, values.data());
}

// A new array that owns `values`: the memory changes hands, nothing is copied.
template <typename T>
pybind11::array_t<T> ToNumpy(std::vector<T>&& values, std::vector<pybind11::ssize_t> shape) {
  auto* owned = new std::vector<T>(std::move(values));
  pybind11::capsule owner(owned, [](void* memory) { delete static_cast<std::vector<T>*>(memory); });
  return pybind11::array_t<T>(std::move(shape), owned->data(), owner);
}

// Anything that numpy takes for a row of numbers, as doubles. Throws Error naming `field`.
inline std::vector<double> ToDoubles(const pybind11::handle& object, std::string_view field) {
  using Array = pybind11::array_t<double, pybind11::array::c_style | pybind11::array::forcecast>;
  const auto array = Array::ensure(object);
  if (!array) {
    PyErr_Clear();
    Fail(fmt::format("{} is {}, expected a row of numbers", field,
                     std::string(pybind11::str(pybind11::repr(object)))));
  }
  if (array.ndim() != 1) Fail(fmt::format("{} has {} dimensions, expected 1", field, array.ndim()));
  return std::vector<double>(array.data(), array.data() + array.size());
}

// The same with a fixed number of elements.
template <size_t kSize>
std::array<double, kSize> ToArray(const pybind11::handle& object, std::string_view field) {
  const std::vector<double> values = ToDoubles(object, field);
  if (values.size() != kSize) {
    Fail(fmt::format("{} has {} elements, expected {}", field, values.size(), kSize));
  }
  std::array<double, kSize> out;
  std::copy(values.begin(), values.end(), out.begin());
  return out;
}

}  // namespace deerbench
