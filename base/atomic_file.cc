#include "base/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>

#include "base/error.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

// The first name on the way from `path` that is no link, whether anything is there or not. The way must have
// an end.
fs::path BehindLinks(fs::path path) {
  std::error_code error;
  for (fs::path next = fs::read_symlink(path, error); !error; next = fs::read_symlink(path, error))
    path = path.parent_path() / next;
  return path;
}

}  // namespace

AtomicFile::AtomicFile(const fs::path& path) : path_(path), target_(path) {
  struct stat status {};
  const bool there = stat(path.c_str(), &status) == 0;
  if (!there && errno != ENOENT) FailWith("cannot be written");  // links in a circle, among others
  if (there && !S_ISREG(status.st_mode)) {
    fd_ = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    target_ = BehindLinks(path);
    pending_ = target_.string() + fmt::format(".{}.tmp", getpid());
    fd_ = open(pending_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  }
  if (fd_ < 0) FailWith("cannot be written");
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) close(fd_);
  if (!pending_.empty()) unlink(pending_.c_str());
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
  const bool in_place = pending_.empty();
  // Devices and pipes have nothing to flush, and say so.
  if (fsync(fd_) != 0 && !(in_place && errno == EINVAL)) FailWith("cannot be flushed to the disk");
  const int fd = fd_;
  fd_ = -1;
  if (close(fd) != 0) FailWith("cannot be closed");
  if (in_place) return;
  if (rename(pending_.c_str(), target_.c_str()) != 0) FailWith("cannot be put in place");
  pending_.clear();
}

void AtomicFile::FailWith(std::string_view what) const {
  const int reason = errno;
  Fail(fmt::format("{}: {}: {}", path_.string(), what, std::strerror(reason)));
}

void WriteFileAtomically(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.Write(bytes);
  file.Commit();
}

void FlushFolderOf(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

}  // namespace deerbench
