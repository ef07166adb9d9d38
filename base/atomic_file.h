// Files that are there whole or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace deerbench {

// A file written piece by piece beside its final name. Until Commit `path` is what it was before; without Commit nothing
// is left. Missing folders are not made. Every member throws Error naming the path and the system's reason.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  void Write(std::string_view bytes);
  // Flushes to the disk and renames to `path`. Call once, last.
  void Commit();

 private:
  [[noreturn]] void FailWith(std::string_view what) const;

  std::filesystem::path path_;
  std::string pending_;
  int fd_ = -1;
  bool renamed_ = false;
};

// Writes `bytes` to a file beside `path`, flushes it to the disk and renames it to `path`: after a crash, a
// full disk or an exception `path` is what it was before or has all the bytes. Missing folders are not made.
// Throws Error naming the path and the system's reason.
void WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes);

}  // namespace deerbench
