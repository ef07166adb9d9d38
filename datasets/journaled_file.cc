#include "datasets/journaled_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"

#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

namespace deerbench {
namespace {

constexpr size_t kPage = 4096;
constexpr std::string_view kMagic = "deerbench journal 1\n";
constexpr haddr_t kEndOfAddresses = haddr_t{1} << 62;
constexpr std::chrono::seconds kPatience{10};

using Page = std::array<char, kPage>;

struct JournaledFile {
  H5FD_t base{};  // HDF5's part: must come first
  std::string path;
  int fd = -1;
  bool writable = false;
  haddr_t end_of_allocation = 0;
  haddr_t end_of_file = 0;
  haddr_t committed = 0;          // bytes of the last good state
  std::map<haddr_t, Page> pages;  // by address: what differs from the file below `committed`
};

JournaledFile* Of(H5FD_t* file) { return reinterpret_cast<JournaledFile*>(file); }
const JournaledFile* Of(const H5FD_t* file) { return reinterpret_cast<const JournaledFile*>(file); }

bool ReadAt(int fd, char* out, size_t size, haddr_t at) {
  while (size > 0) {
    const ssize_t n = pread(fd, out, size, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) {  // beyond the end: zeros, as HDF5's own driver has it
      std::memset(out, 0, size);
      return true;
    }
    out += n;
    at += static_cast<haddr_t>(n);
    size -= static_cast<size_t>(n);
  }
  return true;
}

bool WriteAt(int fd, const char* bytes, size_t size, haddr_t at) {
  while (size > 0) {
    const ssize_t n = pwrite(fd, bytes, size, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    at += static_cast<haddr_t>(n);
    size -= static_cast<size_t>(n);
  }
  return true;
}

// Locks a byte that no file reaches to: shared by readers who open the file (F_RDLCK), for one alone who
// changes what they read (F_WRLCK). False if others still had it after kPatience. The writer's lock of the
// whole file is of another kind; this one belongs to `fd` alone and ends with it.
bool LockContents(int fd, short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(kEndOfAddresses);
  lock.l_len = 1;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) return true;  // there are no locks here
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// While it lives nobody opens the file. A reader that is stuck is not waited for: it must not stop a writer.
class Alone {
 public:
  explicit Alone(int fd) : fd_(fd) { LockContents(fd, F_WRLCK); }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;
  ~Alone() { LockContents(fd_, F_UNLCK); }

 private:
  int fd_;
};

std::string_view BytesOf(const uint64_t& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

// The journal: magic, size of the state it completes, end of what its pages change, their count, address and
// bytes of each, SHA-256.
std::string EncodeJournal(const JournaledFile& file, uint64_t size) {
  std::string out(kMagic);
  out += BytesOf(size);
  out += BytesOf(file.committed);
  out += BytesOf(file.pages.size());
  for (const auto& [at, page] : file.pages) {
    out += BytesOf(at);
    out.append(page.data(), page.size());
  }
  out += Sha256Hex(out);
  return out;
}

struct Journal {
  uint64_t size = 0;   // of the file, in the state that the journal completes
  uint64_t limit = 0;  // pages change nothing from here on
  std::map<haddr_t, Page> pages;
};

// Nothing if these bytes are no whole journal.
std::optional<Journal> DecodeJournal(std::string_view bytes) {
  constexpr size_t kDigest = 64;
  const size_t head = kMagic.size() + 24;
  if (bytes.size() < head + kDigest || !bytes.starts_with(kMagic)) return std::nullopt;
  const std::string_view body = bytes.substr(0, bytes.size() - kDigest);
  if (Sha256Hex(body) != bytes.substr(body.size())) return std::nullopt;
  Journal journal;
  uint64_t count = 0;
  std::memcpy(&journal.size, body.data() + kMagic.size(), 8);
  std::memcpy(&journal.limit, body.data() + kMagic.size() + 8, 8);
  std::memcpy(&count, body.data() + kMagic.size() + 16, 8);
  if ((body.size() - head) / (8 + kPage) != count || (body.size() - head) % (8 + kPage) != 0)
    return std::nullopt;
  for (uint64_t i = 0; i < count; ++i) {
    const char* entry = body.data() + head + i * (8 + kPage);
    uint64_t at = 0;
    std::memcpy(&at, entry, 8);
    std::memcpy(journal.pages[at].data(), entry + 8, kPage);
  }
  return journal;
}

// The changes below `committed` go where they belong.
bool WritePages(const JournaledFile& file) {
  for (const auto& [at, page] : file.pages) {
    if (at >= file.committed) break;
    if (!WriteAt(file.fd, page.data(), std::min<haddr_t>(kPage, file.committed - at), at)) return false;
  }
  return true;
}

// Takes up what a journal holds. False if the file cannot be completed.
bool TakeUpJournal(JournaledFile& file) {
  std::optional<Alone> alone;
  if (file.writable) alone.emplace(file.fd);
  const std::filesystem::path journal = JournalPath(file.path);
  std::error_code ignored;
  if (!std::filesystem::exists(journal, ignored)) return true;
  std::optional<Journal> decoded = DecodeJournal(ReadFile(journal));
  // A journal whose data are not there belongs to another file of this name.
  if (decoded && decoded->size <= file.end_of_file) {
    file.pages = std::move(decoded->pages);
    file.committed = decoded->limit;
    if (!file.writable) return true;
    if (!WritePages(file) || fdatasync(file.fd) != 0) return false;
    file.pages.clear();
    file.committed = file.end_of_file;
  }
  if (file.writable && std::filesystem::remove(journal, ignored)) FlushFolderOf(journal);
  return true;
}

H5FD_t* Open(const char* name, unsigned flags, hid_t, haddr_t) {
  try {
    auto file = std::make_unique<JournaledFile>();
    file->path = name;
    file->writable = (flags & H5F_ACC_RDWR) != 0;
    int open_flags = file->writable ? O_RDWR : O_RDONLY;
    if (flags & H5F_ACC_CREAT) open_flags |= O_CREAT;
    if (flags & H5F_ACC_EXCL) open_flags |= O_EXCL;
    if (flags & H5F_ACC_TRUNC) open_flags |= O_TRUNC;
    file->fd = open(name, open_flags | O_CLOEXEC, 0666);
    if (file->fd < 0) return nullptr;
    struct stat status;
    const bool good =
        (!file->writable || flock(file->fd, LOCK_EX | LOCK_NB) == 0) && fstat(file->fd, &status) == 0;
    if (good) {
      file->end_of_file = file->committed = static_cast<haddr_t>(status.st_size);
      if (TakeUpJournal(*file)) return &file.release()->base;
    }
    close(file->fd);
  } catch (const std::exception&) {  // nothing may be thrown through C
  }
  return nullptr;
}

herr_t Close(H5FD_t* base) {
  const std::unique_ptr<JournaledFile> file(Of(base));
  return close(file->fd);  // what was not committed is dropped
}

int Compare(const H5FD_t* a, const H5FD_t* b) {
  struct stat x, y;
  if (fstat(Of(a)->fd, &x) != 0 || fstat(Of(b)->fd, &y) != 0) return a < b ? -1 : a != b;
  if (x.st_dev != y.st_dev) return x.st_dev < y.st_dev ? -1 : 1;
  return x.st_ino < y.st_ino ? -1 : x.st_ino != y.st_ino;
}

herr_t Query(const H5FD_t*, unsigned long* flags) {
  if (flags) {
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA;
  }
  return 0;
}

haddr_t GetEoa(const H5FD_t* base, H5FD_mem_t) { return Of(base)->end_of_allocation; }

herr_t SetEoa(H5FD_t* base, H5FD_mem_t, haddr_t address) {
  Of(base)->end_of_allocation = address;
  return 0;
}

haddr_t GetEof(const H5FD_t* base, H5FD_mem_t) { return Of(base)->end_of_file; }

herr_t GetHandle(H5FD_t* base, hid_t, void** handle) {
  *handle = base;
  return 0;
}

herr_t Read(H5FD_t* base, H5FD_mem_t, hid_t, haddr_t address, size_t size, void* buffer) {
  const JournaledFile& file = *Of(base);
  char* out = static_cast<char*>(buffer);
  if (!ReadAt(file.fd, out, size, address)) return -1;
  auto page = file.pages.lower_bound(address - address % kPage);
  for (; page != file.pages.end() && page->first < address + size; ++page) {
    const haddr_t from = std::max(address, page->first);
    const haddr_t to = std::min({address + size, page->first + kPage, file.committed});
    if (from < to) std::memcpy(out + (from - address), page->second.data() + (from - page->first), to - from);
  }
  return 0;
}

herr_t Write(H5FD_t* base, H5FD_mem_t, hid_t, haddr_t address, size_t size, const void* buffer) {
  JournaledFile& file = *Of(base);
  const char* bytes = static_cast<const char*>(buffer);
  const haddr_t end = address + size;
  const haddr_t guarded = std::min(end, std::max(address, file.committed));  // below: kept in memory
  try {
    for (haddr_t at = address; at < guarded;) {
      const haddr_t start = at - at % kPage;
      const auto [page, is_new] = file.pages.try_emplace(start);
      if (is_new && !ReadAt(file.fd, page->second.data(), kPage, start)) return -1;
      const haddr_t to = std::min(start + kPage, guarded);
      std::memcpy(page->second.data() + (at - start), bytes + (at - address), to - at);
      at = to;
    }
  } catch (const std::bad_alloc&) {
    return -1;
  }
  if (guarded < end && !WriteAt(file.fd, bytes + (guarded - address), end - guarded, guarded)) return -1;
  file.end_of_file = std::max(file.end_of_file, end);
  return 0;
}

herr_t Truncate(H5FD_t* base, hid_t, hbool_t) {
  // Only ever grows: a file shorter than its last good state could not be read.
  JournaledFile& file = *Of(base);
  if (!file.writable || file.end_of_allocation <= file.end_of_file) return 0;
  if (ftruncate(file.fd, static_cast<off_t>(file.end_of_allocation)) != 0) return -1;
  file.end_of_file = file.end_of_allocation;
  return 0;
}

H5FD_class_t MakeClass() {
  H5FD_class_t c{};
#if H5_VERSION_GE(1, 13, 0)
  c.version = H5FD_CLASS_VERSION;
  c.value = static_cast<H5FD_class_value_t>(600);  // of the range for drivers that are not registered
#endif
  c.name = "deerbench_journal";
  c.maxaddr = kEndOfAddresses - 1;
  c.fc_degree = H5F_CLOSE_STRONG;
  c.open = Open;
  c.close = Close;
  c.cmp = Compare;
  c.query = Query;
  c.get_eoa = GetEoa;
  c.set_eoa = SetEoa;
  c.get_eof = GetEof;
  c.get_handle = GetHandle;
  c.read = Read;
  c.write = Write;
  c.truncate = Truncate;
  constexpr H5FD_mem_t kMap[] = H5FD_FLMAP_DICHOTOMY;
  std::copy(std::begin(kMap), std::end(kMap), std::begin(c.fl_map));
  return c;
}

JournaledFile& FileOf(hid_t file) {
  void* handle = nullptr;
  if (H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0) Fail("HDF5: the file has no driver of ours");
  return *static_cast<JournaledFile*>(handle);
}

}  // namespace

void UseJournal(hid_t fapl) {
  static const H5FD_class_t kClass = MakeClass();
  static const hid_t kDriver = H5FDregister(&kClass);
  if (kDriver < 0 || H5Pset_driver(fapl, kDriver, nullptr) < 0) Fail("HDF5: cannot register a file driver");
}

void BeginJournal(hid_t file) {
  JournaledFile& journaled = FileOf(file);
  // What a process that died left beyond the end is written over.
  if (journaled.pages.empty()) journaled.committed = journaled.end_of_allocation;
}

void CommitJournal(hid_t id, const std::function<void()>& between) {
  JournaledFile& file = FileOf(id);
  const auto check = [&](bool good, std::string_view what) {
    if (!good) Fail(fmt::format("{}: cannot {}: {}", file.path, what, std::strerror(errno)));
  };
  const haddr_t size = std::max(file.end_of_allocation, file.committed);
  if (file.end_of_file < size) {
    check(ftruncate(file.fd, static_cast<off_t>(size)) == 0, "grow");
    file.end_of_file = size;
  }
  check(fdatasync(file.fd) == 0, "flush");
  const std::filesystem::path journal = JournalPath(file.path);
  const Alone alone(file.fd);
  WriteFileAtomically(journal, EncodeJournal(file, size));
  FlushFolderOf(journal);
  // From here on the new state is the good one, whatever happens.
  if (between) between();
  check(WritePages(file) && fdatasync(file.fd) == 0, "write");
  check(unlink(journal.c_str()) == 0, "remove its journal");
  FlushFolderOf(journal);  // else it might be back after a power cut, and undo what others wrote by then
  file.pages.clear();
  file.committed = size;
}

CommitPause::CommitPause(const std::filesystem::path& file)
    : fd_(open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
  if (fd_ < 0 || LockContents(fd_, F_RDLCK)) return;
  close(fd_);
  Fail(fmt::format("{}: is being written by another process, expected it to pause within {} s", file.string(),
                   kPatience.count()));
}

CommitPause::~CommitPause() {
  if (fd_ >= 0) close(fd_);
}

std::filesystem::path JournalPath(const std::filesystem::path& file) {
  std::filesystem::path journal = file;
  journal += ".journal";
  return journal;
}

}  // namespace deerbench
