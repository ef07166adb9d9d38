// Takes a checkpoint's tensors one by one as floats.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "agent/fused/linear.h"
#include "agent/fused/rows.h"
#include "agent/tensor_file.h"

namespace deerbench::fused {

class WeightReader {
 public:
  explicit WeightReader(const std::filesystem::path& path) : file_(path) {}

  // The tensor of that name, row by row; stored as F32, F16 or BF16. Throws Error naming file, tensor, shape
  // and what was expected.
  std::vector<float> Read(const std::string& name, const std::vector<int64_t>& shape);

  // `prefix`.weight (out, in) and, if asked for, `prefix`.bias (out).
  PackedWeights ReadLinear(const std::string& prefix, int out, int in, bool bias);
  LayerNorm ReadNorm(const std::string& prefix, int width, bool bias, double eps);

  // Throws Error naming a tensor that was not read and begins with none of `ignored_prefixes`.
  void RequireAllRead(const std::vector<std::string>& ignored_prefixes) const;

 private:
  TensorFile file_;
  std::set<std::string> read_;
};

}  // namespace deerbench::fused
