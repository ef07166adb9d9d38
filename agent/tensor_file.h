// A memory-mapped safetensors file: an 8-byte header length, a JSON header, raw little-endian tensors. Needs
// no tensor library.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace deerbench {

enum class TensorType { kF32, kF16, kBF16, kF64, kI64, kI32, kI16, kI8, kU8, kBool };
std::string_view TensorTypeName(TensorType type);  // as the format spells it: F32, BF16, ...
size_t TensorTypeSize(TensorType type);            // bytes an element

// Pages are read when they are touched, and the mapping lives as long as this object. Opening checks the
// whole header (offsets inside the file, no overlap, sizes that fit shapes and types) and throws Error naming
// file and tensor.
class TensorFile {
 public:
  struct Entry {
    TensorType type = TensorType::kF32;
    std::vector<int64_t> shape;
    uint8_t* data = nullptr;  // into the mapping, at any alignment; a write there never reaches the file
    uint64_t bytes = 0;
  };

  explicit TensorFile(const std::filesystem::path& path);

  const std::map<std::string, Entry>& entries() const { return entries_; }
  bool Has(const std::string& name) const { return entries_.contains(name); }
  // Throws Error if there is none of that name.
  const Entry& Find(const std::string& name) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  struct Mapping;

  std::filesystem::path path_;
  std::shared_ptr<Mapping> mapping_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace deerbench
