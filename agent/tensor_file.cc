#include "agent/tensor_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/json_text.h"
#include "base/error.h"
#include "base/file.h"

namespace deerbench {
namespace {

using nlohmann::json;

struct TypeInfo {
  std::string_view name;
  size_t bytes;
};
constexpr TypeInfo kTypes[] = {{"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F64", 8}, {"I64", 8}, {"I32", 4},
                               {"I16", 2}, {"I8", 1},  {"U8", 1},   {"BOOL", 1}};  // as TensorType
constexpr uint64_t kMaxHeaderBytes = 100 << 20;                                    // the format's own limit

[[noreturn]] void Broken(const std::filesystem::path& path, const std::string& what) {
  Fail(fmt::format("{}: not a valid safetensors file: {}", path.string(), what));
}

struct Mapping {
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

// Files by tensor.
std::map<std::string, std::string> ReadIndex(const std::filesystem::path& index) {
  const auto fail = [&](const std::string& what) {
    Fail(fmt::format("{}: not an index of safetensors files: {}", index.string(), what));
  };
  const json content = ParseJson(ReadFile(index, kMaxHeaderBytes));
  const auto map = content.is_object() ? content.find("weight_map") : content.end();
  if (map == content.end() || !map->is_object() || map->empty()) fail("no 'weight_map' with tensors");
  std::map<std::string, std::string> places;
  for (const auto& [name, file] : map->items()) {
    if (!file.is_string()) fail(fmt::format("the file of tensor '{}' is {}", name, Shown(file)));
    const std::string& place = places[name] = file.get<std::string>();
    // An index in an index could go round in circles, and files elsewhere are not the checkpoint's.
    if (std::filesystem::path(place).filename() != place || !place.ends_with(".safetensors"))
      fail(fmt::format("tensor '{}' lies in '{}', expected a .safetensors file beside the index", name,
                       place));
  }
  return places;
}

}  // namespace

std::vector<std::filesystem::path> ShardFiles(const std::filesystem::path& index) {
  std::set<std::string> names;
  for (const auto& [tensor, file] : ReadIndex(index)) names.insert(file);
  std::vector<std::filesystem::path> files;
  for (const std::string& name : names) files.push_back(index.parent_path() / name);
  return files;
}

std::string_view TensorTypeName(TensorType type) { return kTypes[static_cast<int>(type)].name; }

size_t TensorTypeSize(TensorType type) { return kTypes[static_cast<int>(type)].bytes; }

struct TensorFile::Files {
  std::vector<std::shared_ptr<const Mapping>> mappings;
};

TensorFile::TensorFile(const std::filesystem::path& path) : path_(path), files_(std::make_shared<Files>()) {
  if (path.extension() != ".json") {
    Map(path);
    return;
  }
  const std::map<std::string, std::string> places = ReadIndex(path);
  for (const std::filesystem::path& file : ShardFiles(path)) {
    const TensorFile shard(file);
    for (const auto& [name, entry] : shard.entries_) {
      const auto place = places.find(name);
      if (place == places.end() || place->second != file.filename())
        Fail(fmt::format("{}: tensor '{}' lies in {}, expected where the index says", path.string(), name,
                         file.filename().string()));
      entries_.emplace(name, entry);
    }
    metadata_.insert(shard.metadata_.begin(), shard.metadata_.end());
    for (const auto& mapping : shard.files_->mappings) files_->mappings.push_back(mapping);
  }
  for (const auto& [name, file] : places) {
    if (!Has(name)) Fail(fmt::format("{}: tensor '{}' is missing in {}", path.string(), name, file));
  }
}

void TensorFile::Map(const std::filesystem::path& path) {
  const Mapping& mapping = *files_->mappings.emplace_back(std::make_shared<const Mapping>(path));
  if (mapping.size < 8) Broken(path, fmt::format("{} bytes long, expected at least 8", mapping.size));
  uint64_t header_size = 0;
  std::memcpy(&header_size, mapping.data, 8);
  if (header_size > kMaxHeaderBytes || header_size > mapping.size - 8) {
    Broken(path, fmt::format("header length is {}, the file has {} bytes behind it", header_size,
                             mapping.size - 8));
  }
  const char* text = reinterpret_cast<const char*>(mapping.data + 8);
  const json header = ParseJson({text, header_size});
  if (!header.is_object()) Broken(path, "its header is not a JSON object");

  const uint64_t body = 8 + header_size, body_size = mapping.size - body;
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
    uint64_t begin = 0, end = 0;  // bytes behind the header
    try {
      const auto dtype = value.at("dtype").get<std::string>();
      const auto* type =
          std::find_if(std::begin(kTypes), std::end(kTypes), [&](auto& t) { return dtype == t.name; });
      if (type == std::end(kTypes))
        Broken(path, fmt::format("tensor '{}' has unknown dtype '{}'", name, dtype));
      entry.type = static_cast<TensorType>(type - kTypes);
      for (const json& extent : value.at("shape")) {
        if (!extent.is_number_unsigned())
          Broken(path, fmt::format("tensor '{}' has shape {}", name, Shown(value["shape"])));
        entry.shape.push_back(extent.get<int64_t>());
      }
      const auto& offsets = value.at("data_offsets");
      if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
          !offsets[1].is_number_unsigned()) {
        Broken(path, fmt::format("tensor '{}' has data_offsets {}", name, Shown(offsets)));
      }
      begin = offsets[0].get<uint64_t>();
      end = offsets[1].get<uint64_t>();
    } catch (const json::exception&) {
      Broken(path, fmt::format("tensor '{}' lacks dtype, shape or data_offsets", name));
    }
    if (begin > end || end > body_size) {
      Broken(path, fmt::format("tensor '{}' lies at bytes {} to {}, the file holds {}", name, begin, end,
                               body_size));
    }
    // An extent of 0 makes up for no other that is too large: strides are computed from those.
    auto bytes_but_for_zeros = static_cast<int64_t>(TensorTypeSize(entry.type));
    bool countable = true, empty = false;
    for (const int64_t extent : entry.shape) {
      countable =
          countable && extent >= 0 &&
          !__builtin_mul_overflow(bytes_but_for_zeros, std::max<int64_t>(extent, 1), &bytes_but_for_zeros);
      empty = empty || extent == 0;
    }
    uint64_t bytes = static_cast<uint64_t>(bytes_but_for_zeros);
    if (empty) bytes = 0;
    if (!countable) bytes = UINT64_MAX;
    if (bytes != end - begin) {
      Broken(path,
             fmt::format("tensor '{}' has {} bytes, its shape and dtype need {}", name, end - begin, bytes));
    }
    entry.data = mapping.data + body + begin;
    entry.bytes = bytes;
    const auto [at, fresh] = entries_.emplace(name, std::move(entry));
    if (fresh && bytes != 0) starts.emplace_back(begin, &at->first);
  }
  std::sort(starts.begin(), starts.end());
  for (size_t i = 1; i < starts.size(); ++i) {
    if (starts[i - 1].first + entries_.at(*starts[i - 1].second).bytes > starts[i].first) {
      Broken(path, fmt::format("tensors '{}' and '{}' overlap", *starts[i - 1].second, *starts[i].second));
    }
  }
}

const TensorFile::Entry& TensorFile::Find(const std::string& name) const {
  const auto it = entries_.find(name);
  if (it == entries_.end()) Fail(fmt::format("{}: tensor '{}' is missing", path_.string(), name));
  return it->second;
}

void TensorFile::Release(const Entry& entry) {
  // Whole pages inside the tensor: a written page would lose what was written, so none is ever shared.
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(entry.data) + page - 1) / page * page;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(entry.data) + entry.bytes) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

uint64_t TensorFile::file_bytes() const {
  uint64_t bytes = 0;
  for (const auto& mapping : files_->mappings) bytes += mapping->size;
  return bytes;
}

}  // namespace deerbench
