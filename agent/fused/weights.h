// Takes a checkpoint's tensors one by one as floats.
#pragma once

#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "agent/fused/linear.h"
#include "agent/fused/rows.h"
#include "agent/tensor_file.h"

namespace deerbench::fused {

class WeightReader {
 public:
  explicit WeightReader(const std::filesystem::path& path) : file_(path) {}

  // The tensor of that name, row by row; stored as F32, F16 or BF16. What was read of the file does not stay
  // in memory. Throws Error naming file, tensor, shape and what was expected.
  std::vector<float> Read(const std::string& name, const std::vector<int64_t>& shape);

  // One row of a two-dimensional tensor, of which no more is touched.
  std::vector<float> ReadRow(const std::string& name, const std::vector<int64_t>& shape, int64_t row);

  // The type of the matrices that follow, single precision at first.
  void StoreAs(WeightType type) { type_ = type; }
  WeightType type() const { return type_; }
  PackedWeights Pack(std::span<const float> weights, int out, int in,
                     std::span<const float> bias = {}) const {
    return PackedWeights(weights, out, in, bias, type_);
  }
  // `prefix`.weight (out, in) and, if asked for, `prefix`.bias (out).
  PackedWeights ReadLinear(const std::string& prefix, int out, int in, bool bias);
  LayerNorm ReadNorm(const std::string& prefix, int width, bool bias, double eps);

  // Throws Error naming a tensor that was not read and begins with none of `ignored_prefixes`.
  void RequireAllRead(const std::vector<std::string>& ignored_prefixes) const;

 private:
  const TensorFile::Entry& Find(const std::string& name, const std::vector<int64_t>& shape);
  std::vector<float> Convert(const std::string& name, const TensorFile::Entry& entry, size_t begin,
                             size_t count) const;

  TensorFile file_;
  std::set<std::string> read_;
  WeightType type_ = WeightType::kFloat32;
};

}  // namespace deerbench::fused
