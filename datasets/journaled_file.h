// An HDF5 file driver that changes a file in steps of all or nothing.
//
// HDF5 alone leaves a file that nothing can read if its process dies while it writes. Here whatever lies
// beyond the end of the last good state goes to the file at once, where nothing refers to it yet, and changes
// to what lies before it are kept in memory. Commit writes these to a journal beside the file (FILE.journal,
// there whole or not at all), then into the file, and removes the journal. Whoever opens the file while a
// journal is there, reader or writer, sees the state that the journal completes. Commits wait for whoever is
// just opening the file (CommitPause): what they change must not change under the eyes of a reader.
#pragma once

#include <hdf5.h>

#include <filesystem>
#include <functional>

namespace deerbench {

// Makes `fapl`, a file access property list, use this driver. Opening for writing takes an exclusive lock of
// the file and completes what a journal holds. Call under Hdf5Lock.
void UseJournal(hid_t fapl);

// What `file` was when it was opened is the state to go back to. Call after opening for writing.
void BeginJournal(hid_t file);

// Makes all that was flushed to `file` (H5Fflush) part of it for good. Throws Error naming the path and the
// system's reason; the file then is as it was at the last commit. `between` is called when the journal is
// there and the file is not yet changed: tests let the process die in it.
void CommitJournal(hid_t file, const std::function<void()>& between = {});

// While it lives no commit changes what is there of `file`, in whatever process: for opening the file and
// reading what commits change. Waits for a commit that is under way; throws Error if that takes ten seconds.
// Short: commits wait, though not for longer than that. Does nothing for a file that cannot be opened and
// where the file system has no locks.
class CommitPause {
 public:
  explicit CommitPause(const std::filesystem::path& file);
  CommitPause(const CommitPause&) = delete;
  CommitPause& operator=(const CommitPause&) = delete;
  ~CommitPause();

 private:
  int fd_ = -1;
};

// Where the journal of a file lies.
std::filesystem::path JournalPath(const std::filesystem::path& file);

}  // namespace deerbench
