// Reads NumPy's .npz archives in tests: recorded reference data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace deerbench::test {

// One array, C order.
struct NpyArray {
  std::string dtype;  // NumPy's descr without byte order: "f4", "f8", "f2", "i8", "u1", "U43", ...
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;

  int64_t size() const;
  // All elements as double, whatever number type they have (f2 included).
  std::vector<double> doubles() const;
  std::vector<float> floats() const;
  std::vector<int64_t> ints() const;
};

using Npz = std::map<std::string, NpyArray>;

// Throws Error for a file that is not an .npz archive of stored or deflated little-endian arrays.
Npz ReadNpz(const std::filesystem::path& path);

}  // namespace deerbench::test
