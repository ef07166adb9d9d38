// Reads and writes safetensors files as torch's tensors.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/tensor_file.h"

namespace deerbench {

// Tensors are views into the mapping (tensor_file.h), which lives as long as any of them.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);

  std::vector<std::string> names() const;
  bool Has(const std::string& name) const { return file_->Has(name); }
  std::vector<int64_t> shape(const std::string& name) const { return file_->Find(name).shape; }
  // View of a tensor. Throws Error if there is none of that name.
  torch::Tensor Get(const std::string& name) const;
  const std::map<std::string, std::string>& metadata() const { return file_->metadata(); }
  const std::filesystem::path& path() const { return file_->path(); }
  uint64_t file_bytes() const { return file_->file_bytes(); }

 private:
  std::shared_ptr<const TensorFile> file_;
};

// Writes tensors in name order, whole or not at all.
void WriteSafetensors(const std::filesystem::path& path, const std::map<std::string, torch::Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata = {});

}  // namespace deerbench
