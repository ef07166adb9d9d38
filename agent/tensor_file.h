// Memory-mapped safetensors: an 8-byte header length, a JSON header, raw little-endian tensors; in one file,
// or in several that an index names. Needs no tensor library.
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

// The files of an index (Hugging Face's model.safetensors.index.json), in name order: its `weight_map` gives
// the file of every tensor, all of them beside the index. Throws Error naming the index and what is wrong.
std::vector<std::filesystem::path> ShardFiles(const std::filesystem::path& index);

// Pages are read when they are touched, and the mapping lives as long as this object. Opening checks the
// whole header (offsets inside the file, no overlap, sizes that fit shapes and types) and throws Error naming
// file and tensor. A path that ends in .json is an index: its files' tensors are taken together, each from
// the file that the index says.
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
  // Gives the memory of a tensor's pages back, unless they were written to; whoever touches them reads them
  // again.
  static void Release(const Entry& entry);
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::filesystem::path& path() const { return path_; }
  uint64_t file_bytes() const;  // of all files, the index left out

 private:
  struct Files;  // mapped

  void Map(const std::filesystem::path& path);  // one safetensors file

  std::filesystem::path path_;
  std::shared_ptr<Files> files_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace deerbench
