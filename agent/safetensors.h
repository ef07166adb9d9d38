// Reads and writes safetensors files: an 8-byte header length, a JSON header, raw little-endian tensors.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace deerbench {

// A memory-mapped file. Tensors are views into the mapping: pages are read when they are touched, and the
// mapping lives as long as any of them. Opening checks the whole header (offsets inside the file, no overlap,
// sizes that fit shapes and types) and throws Error naming file and tensor.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);

  std::vector<std::string> names() const;
  bool Has(const std::string& name) const { return entries_.contains(name); }
  std::vector<int64_t> shape(const std::string& name) const { return entries_.at(name).shape; }
  // View of a tensor. Throws Error if there is none of that name.
  torch::Tensor Get(const std::string& name) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  struct Entry {
    torch::Dtype dtype;
    std::vector<int64_t> shape;
    uint64_t begin = 0, end = 0;  // bytes from the start of the file
  };
  struct Mapping;

  std::filesystem::path path_;
  std::shared_ptr<Mapping> mapping_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

// Writes tensors in name order, whole or not at all.
void WriteSafetensors(const std::filesystem::path& path, const std::map<std::string, torch::Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata = {});

}  // namespace deerbench
