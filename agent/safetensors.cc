#include "agent/safetensors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"

namespace deerbench {
namespace {

using nlohmann::json;

struct TypeName {
  const char* name;
  torch::Dtype dtype;
};
constexpr TypeName kTypes[] = {{"F32", torch::kFloat32}, {"F16", torch::kFloat16}, {"BF16", torch::kBFloat16},
                               {"F64", torch::kFloat64}, {"I64", torch::kInt64},   {"I32", torch::kInt32},
                               {"I16", torch::kInt16},   {"I8", torch::kInt8},     {"U8", torch::kUInt8},
                               {"BOOL", torch::kBool}};
constexpr uint64_t kMaxHeaderBytes = 100 << 20;  // the format's own limit

[[noreturn]] void Broken(const std::filesystem::path& path, const std::string& what) {
  Fail(fmt::format("{}: not a valid safetensors file: {}", path.string(), what));
}

}  // namespace

struct SafetensorsFile::Mapping {
  explicit Mapping(const std::filesystem::path& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) Fail(fmt::format("{}: cannot open: {}", path.string(), std::strerror(errno)));
    struct stat status {};
    const bool known = fstat(file, &status) == 0 && S_ISREG(status.st_mode);
    size = known ? static_cast<uint64_t>(status.st_size) : 0;
    // Private and writable: torch has no read-only tensors, and a stray write must not reach the file.
    void* address = size ? mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0) : MAP_FAILED;
    close(file);
    if (address == MAP_FAILED) Broken(path, fmt::format("{} bytes long, expected at least 8", size));
    data = static_cast<uint8_t*>(address);
  }
  ~Mapping() { munmap(data, size); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  uint8_t* data = nullptr;
  uint64_t size = 0;
};

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path), mapping_(std::make_shared<Mapping>(path)) {
  if (mapping_->size < 8) Broken(path, fmt::format("{} bytes long, expected at least 8", mapping_->size));
  uint64_t header_size = 0;
  std::memcpy(&header_size, mapping_->data, 8);
  if (header_size > kMaxHeaderBytes || header_size > mapping_->size - 8) {
    Broken(path, fmt::format("header length is {}, the file has {} bytes behind it", header_size,
                             mapping_->size - 8));
  }
  const char* text = reinterpret_cast<const char*>(mapping_->data + 8);
  const json header = json::parse(text, text + header_size, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) Broken(path, "its header is not a JSON object");

  const uint64_t body = 8 + header_size, body_size = mapping_->size - body;
  std::vector<std::pair<uint64_t, const std::string*>> starts;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      if (!value.is_object()) Broken(path, "'__metadata__' is not an object");
      for (const auto& [key, entry] : value.items()) {
        if (!entry.is_string()) Broken(path, fmt::format("metadata '{}' is not a string", key));
        metadata_[key] = entry.get<std::string>();
      }
      continue;
    }
    Entry entry;
    try {
      const auto dtype = value.at("dtype").get<std::string>();
      const auto* type =
          std::find_if(std::begin(kTypes), std::end(kTypes), [&](auto& t) { return dtype == t.name; });
      if (type == std::end(kTypes))
        Broken(path, fmt::format("tensor '{}' has unknown dtype '{}'", name, dtype));
      entry.dtype = type->dtype;
      for (const json& extent : value.at("shape")) {
        if (!extent.is_number_unsigned())
          Broken(path, fmt::format("tensor '{}' has shape {}", name, value["shape"].dump()));
        entry.shape.push_back(extent.get<int64_t>());
      }
      const auto& offsets = value.at("data_offsets");
      if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
          !offsets[1].is_number_unsigned()) {
        Broken(path, fmt::format("tensor '{}' has data_offsets {}", name, offsets.dump()));
      }
      entry.begin = offsets[0].get<uint64_t>();
      entry.end = offsets[1].get<uint64_t>();
    } catch (const json::exception&) {
      Broken(path, fmt::format("tensor '{}' lacks dtype, shape or data_offsets", name));
    }
    if (entry.begin > entry.end || entry.end > body_size) {
      Broken(path, fmt::format("tensor '{}' lies at bytes {} to {}, the file holds {}", name, entry.begin,
                               entry.end, body_size));
    }
    uint64_t bytes = c10::elementSize(entry.dtype);
    for (const int64_t extent : entry.shape) {
      if (extent < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(extent), &bytes))
        bytes = UINT64_MAX;
    }
    if (bytes != entry.end - entry.begin) {
      Broken(path, fmt::format("tensor '{}' has {} bytes, its shape and dtype need {}", name,
                               entry.end - entry.begin, bytes));
    }
    entry.begin += body;
    entry.end += body;
    const auto [at, fresh] = entries_.emplace(name, std::move(entry));
    if (fresh && at->second.begin != at->second.end) starts.emplace_back(at->second.begin, &at->first);
  }
  std::sort(starts.begin(), starts.end());
  for (size_t i = 1; i < starts.size(); ++i) {
    if (entries_.at(*starts[i - 1].second).end > starts[i].first) {
      Broken(path, fmt::format("tensors '{}' and '{}' overlap", *starts[i - 1].second, *starts[i].second));
    }
  }
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> result;
  for (const auto& [name, entry] : entries_) result.push_back(name);
  return result;
}

torch::Tensor SafetensorsFile::Get(const std::string& name) const {
  const auto it = entries_.find(name);
  if (it == entries_.end()) Fail(fmt::format("{}: tensor '{}' is missing", path_.string(), name));
  const Entry& entry = it->second;
  uint8_t* address = mapping_->data + entry.begin;
  const auto options = torch::TensorOptions(entry.dtype);
  // Some writers leave tensors unaligned; those are copied.
  if (reinterpret_cast<uintptr_t>(address) % c10::elementSize(entry.dtype) != 0) {
    torch::Tensor copy = torch::empty(entry.shape, options);
    std::memcpy(copy.data_ptr(), address, entry.end - entry.begin);
    return copy;
  }
  return torch::from_blob(
      address, entry.shape, [keep = mapping_](void*) {}, options);
}

void WriteSafetensors(const std::filesystem::path& path, const std::map<std::string, torch::Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const auto* type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                    [&](auto& t) { return t.dtype == tensor.scalar_type(); });
    if (type == std::end(kTypes)) {
      Fail(fmt::format("{}: tensor '{}' has a type that safetensors cannot hold", path.string(), name));
    }
    const uint64_t bytes = tensor.nbytes();
    header[name] = {
        {"dtype", type->name}, {"shape", tensor.sizes().vec()}, {"data_offsets", {offset, offset + bytes}}};
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
