#include "agent/fused/weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/error.h"

namespace deerbench::fused {

const TensorFile::Entry& WeightReader::Find(const std::string& name, const std::vector<int64_t>& shape) {
  const TensorFile::Entry& entry = file_.Find(name);
  read_.insert(name);
  if (entry.shape != shape) {
    Fail(fmt::format("{}: tensor '{}' is ({}), expected ({})", file_.path().string(), name,
                     fmt::join(entry.shape, ", "), fmt::join(shape, ", ")));
  }
  return entry;
}

std::vector<float> WeightReader::Read(const std::string& name, const std::vector<int64_t>& shape) {
  const TensorFile::Entry& entry = Find(name, shape);
  std::vector<float> values = Convert(name, entry, 0, entry.bytes / TensorTypeSize(entry.type));
  TensorFile::Release(entry);
  return values;
}

std::vector<float> WeightReader::ReadRow(const std::string& name, const std::vector<int64_t>& shape,
                                         int64_t row) {
  const size_t width = static_cast<size_t>(shape.at(1));
  return Convert(name, Find(name, shape), static_cast<size_t>(row) * width, width);
}

std::vector<float> WeightReader::Convert(const std::string& name, const TensorFile::Entry& entry,
                                         size_t begin, size_t count) const {
  std::vector<float> values(count);
  const uint8_t* data = entry.data + begin * TensorTypeSize(entry.type);
  const auto half = [&](size_t i) {
    uint16_t bits;
    std::memcpy(&bits, data + 2 * i, 2);
    return bits;
  };
  switch (entry.type) {
    case TensorType::kF32:
      std::memcpy(values.data(), data, count * sizeof(float));
      break;
    case TensorType::kF16:
      for (size_t i = 0; i < count; ++i) values[i] = _cvtsh_ss(half(i));
      break;
    case TensorType::kBF16:
      for (size_t i = 0; i < count; ++i) values[i] = std::bit_cast<float>(uint32_t{half(i)} << 16);
      break;
    default:
      Fail(fmt::format("{}: tensor '{}' is {}, expected F32, F16 or BF16", file_.path().string(), name,
                       TensorTypeName(entry.type)));
  }
  return values;
}

PackedWeights WeightReader::ReadLinear(const std::string& prefix, int out, int in, bool bias) {
  const std::vector<float> weight = Read(prefix + ".weight", {out, in});
  return Pack(weight, out, in, bias ? Read(prefix + ".bias", {out}) : std::vector<float>());
}

LayerNorm WeightReader::ReadNorm(const std::string& prefix, int width, bool bias, double eps) {
  const std::vector<float> weight = Read(prefix + ".weight", {width});
  return LayerNorm(weight, bias ? Read(prefix + ".bias", {width}) : std::vector<float>(), eps);
}

void WeightReader::RequireAllRead(const std::vector<std::string>& ignored_prefixes) const {
  for (const auto& [name, entry] : file_.entries()) {
    const bool ignored = std::any_of(ignored_prefixes.begin(), ignored_prefixes.end(),
                                     [&](const std::string& prefix) { return name.starts_with(prefix); });
    if (!ignored && !read_.contains(name))
      Fail(fmt::format("{}: tensor '{}' is unexpected: the model has none of that name",
                       file_.path().string(), name));
  }
}

}  // namespace deerbench::fused
