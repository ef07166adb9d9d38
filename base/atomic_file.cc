#include "base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "base/error.h"

namespace deerbench {
AtomicFile::AtomicFile(const std::filesystem::path& path)
    : path_(path), pending_(path.string() + fmt::format(".{}.tmp", getpid())) {
  fd_ = open(pending_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) FailWith("cannot be written");
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) close(fd_);
  if (!renamed_) unlink(pending_.c_str());
}

void AtomicFile::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) FailWith("cannot be written");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void AtomicFile::Commit() {
  if (fsync(fd_) != 0) FailWith("cannot be flushed to the disk");
  const int fd = fd_;
  fd_ = -1;
  if (close(fd) != 0) FailWith("cannot be closed");
  if (rename(pending_.c_str(), path_.c_str()) != 0) FailWith("cannot be put in place");
  renamed_ = true;
}

void AtomicFile::FailWith(std::string_view what) const {
  const int reason = errno;
  Fail(fmt::format("{}: {}: {}", path_.string(), what, std::strerror(reason)));
}

void WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.Write(bytes);
  file.Commit();
}

}  // namespace deerbench
