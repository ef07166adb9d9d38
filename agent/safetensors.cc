#include "agent/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"

namespace deerbench {
namespace {

using nlohmann::json;

// In the order of TensorType.
constexpr torch::Dtype kDtypes[] = {torch::kFloat32, torch::kFloat16, torch::kBFloat16, torch::kFloat64,
                                    torch::kInt64,   torch::kInt32,   torch::kInt16,    torch::kInt8,
                                    torch::kUInt8,   torch::kBool};

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : file_(std::make_shared<const TensorFile>(path)) {}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> result;
  for (const auto& [name, entry] : file_->entries()) result.push_back(name);
  return result;
}

torch::Tensor SafetensorsFile::Get(const std::string& name) const {
  const TensorFile::Entry& entry = file_->Find(name);
  const auto options = torch::TensorOptions(kDtypes[static_cast<int>(entry.type)]);
  // Some writers leave tensors unaligned; those are copied.
  if (reinterpret_cast<uintptr_t>(entry.data) % TensorTypeSize(entry.type) != 0) {
    torch::Tensor copy = torch::empty(entry.shape, options);
    std::memcpy(copy.data_ptr(), entry.data, entry.bytes);
    return copy;
  }
  return torch::from_blob(
      entry.data, entry.shape, [keep = file_](void*) {}, options);
}

void WriteSafetensors(const std::filesystem::path& path, const std::map<std::string, torch::Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const auto* dtype = std::find(std::begin(kDtypes), std::end(kDtypes), tensor.scalar_type());
    if (dtype == std::end(kDtypes)) {
      Fail(fmt::format("{}: tensor '{}' has a type that safetensors cannot hold", path.string(), name));
    }
    const uint64_t bytes = tensor.nbytes();
    header[name] = {{"dtype", TensorTypeName(static_cast<TensorType>(dtype - kDtypes))},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // tensors start aligned
  const uint64_t header_size = text.size();

  AtomicFile file(path);
  file.Write({reinterpret_cast<const char*>(&header_size), 8});
  file.Write(text);
  for (const auto& [name, tensor] : tensors) {
    const torch::Tensor plain = tensor.detach().to(torch::kCPU).contiguous();
    file.Write({static_cast<const char*>(plain.data_ptr()), plain.nbytes()});
  }
  file.Commit();
}

}  // namespace deerbench
