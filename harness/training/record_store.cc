#include "harness/training/record_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"

namespace deerbench {
namespace {

[[noreturn]] void FailWith(const std::filesystem::path& path, const char* what) {
  Fail(fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)));
}

std::filesystem::path Sidecar(const std::filesystem::path& path) { return path.string() + ".json"; }

// How many records an earlier process filled; 0 if they came from something else.
int64_t FilledBefore(const std::filesystem::path& path, const std::string& key, size_t record_bytes) {
  if (!std::filesystem::exists(path) || !std::filesystem::exists(Sidecar(path))) return 0;
  const auto json = nlohmann::json::parse(ReadFile(Sidecar(path)), nullptr, false);
  if (!json.is_object() || json.value("key", "") != key ||
      json.value("record_bytes", size_t{0}) != record_bytes)
    return 0;
  const int64_t filled = json.value("filled", int64_t{0});
  const auto held = static_cast<int64_t>(std::filesystem::file_size(path) / record_bytes);
  return filled >= 0 && filled <= held ? filled : 0;
}

}  // namespace

RecordStore::RecordStore(const std::filesystem::path& path, const std::string& key, size_t record_bytes,
                         int64_t records)
    : path_(path), key_(key), record_bytes_(record_bytes) {
  filled_ = std::min(records, FilledBefore(path, key, record_bytes));
  fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) FailWith(path, "cannot be opened");
  Map(records);
}

RecordStore::~RecordStore() {
  Unmap();
  if (fd_ >= 0) close(fd_);
}

void RecordStore::Grow(int64_t records) {
  if (records <= records_) return;
  Unmap();
  Map(records);
}

void RecordStore::Map(int64_t records) {
  records_ = records;
  mapped_ = static_cast<size_t>(records) * record_bytes_;
  if (ftruncate(fd_, static_cast<off_t>(mapped_)) != 0) FailWith(path_, "cannot be made larger");
  if (mapped_ == 0) return;
  // A full disk is an error here; in a mapped hole it would be a signal.
  errno = posix_fallocate(fd_, 0, static_cast<off_t>(mapped_));
  if (errno != 0) FailWith(path_, "cannot be made larger");
  void* address = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (address == MAP_FAILED) FailWith(path_, "cannot be mapped");
  data_ = static_cast<uint8_t*>(address);
}

void RecordStore::Unmap() {
  if (data_) munmap(data_, mapped_);
  data_ = nullptr;
}

void RecordStore::SetFilled(int64_t filled) {
  if (fdatasync(fd_) != 0) FailWith(path_, "cannot be written");
  filled_ = filled;
  const nlohmann::json json = {{"key", key_}, {"record_bytes", record_bytes_}, {"filled", filled}};
  WriteFileAtomically(Sidecar(path_), json.dump() + "\n");
}

}  // namespace deerbench
