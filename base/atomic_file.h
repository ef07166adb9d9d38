// Files that are there whole or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace deerbench {

// A file written piece by piece beside its final name. Until Commit `path` is what it was before; without
// Commit nothing is left. Missing folders are not made. Of a link the file that it leads to is written; the
// link stays. What is there and no regular file (/dev/null, a terminal, a pipe) is never replaced: the pieces
// go straight into it. Every member throws Error naming the path and the system's reason.
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

  std::filesystem::path path_;    // as it was given
  std::filesystem::path target_;  // where its links lead
  std::string pending_;           // the file's name until Commit; empty: there is none to take away
  int fd_ = -1;
};

// Writes `bytes` to an AtomicFile: after a crash, a full disk or an exception `path` is what it was before or
// has all the bytes. Throws as it does.
void WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes);

// Makes it durable that `file` is in its folder, or is not any more: flushing the file itself does not. File
// systems that refuse it need no help.
void FlushFolderOf(const std::filesystem::path& file);

}  // namespace deerbench
