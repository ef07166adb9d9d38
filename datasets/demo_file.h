// Demonstrations on disk: HDF5 in robomimic's layout (data/demo_0, data/demo_1, ...; docs/datasets.md).
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "datasets/demonstration.h"

namespace deerbench {

inline constexpr const char* kDemoSchema = "deerbench.demonstrations/1";

// Says of a whole file how it came about.
struct DemoFileInfo {
  int env_version = 0;
  std::string program_version;
  std::string settings;  // JSON of whoever made it; what resuming compares
};

// Appends demonstrations. A process that dies at any moment leaves a file with every demonstration whose
// Append returned, and nothing of the one that was being written. One writer at a time. Every member throws
// Error naming the file and what is wrong.
class DemoWriter {
 public:
  // Makes a new file. Throws Error if there is one already.
  static DemoWriter Create(const std::filesystem::path& path, const std::string& settings_json);
  // Makes one that lies beside `path` until it is published: whole or not at all. A writer that is destroyed
  // without takes the file away. Throws Error if there is a file of this name already.
  static DemoWriter CreateUnpublished(const std::filesystem::path& path, const std::string& settings_json);
  // Opens a file to append to.
  static DemoWriter Append(const std::filesystem::path& path);
  DemoWriter(DemoWriter&&) noexcept;
  DemoWriter& operator=(DemoWriter&&) noexcept;
  ~DemoWriter();

  // On the file when it returns. Checks the demonstration first.
  void Append(const Demonstration& demo);
  // Gives a file of CreateUnpublished its name. Call once, last. Throws Error if another has it by now.
  void Publish();

  // Of all demonstrations in the file, in their order.
  const std::vector<DemoInfo>& demos() const;
  const std::string& settings() const;

 private:
  struct Impl;
  explicit DemoWriter(std::unique_ptr<Impl> impl);
  // Of the file that lies at `place` and is called `path` in errors.
  static std::unique_ptr<Impl> Open(const std::filesystem::path& place, const std::filesystem::path& path);
  std::unique_ptr<Impl> impl_;
};

// Random access. Any number of threads may call one reader: reading is serialised inside. Opening reads
// attributes alone; arrays are read when they are asked for. Another process may append meanwhile: a reader
// goes on with the demonstrations that were there when it was opened. Every member throws Error naming the
// file, the demonstration and the field that is missing, truncated or contradictory.
class DemoReader {
 public:
  explicit DemoReader(const std::filesystem::path& path);
  DemoReader(DemoReader&&) noexcept;
  DemoReader& operator=(DemoReader&&) noexcept;
  ~DemoReader();

  const std::filesystem::path& path() const;
  const DemoFileInfo& info() const;
  int size() const { return static_cast<int>(demos().size()); }
  const std::vector<DemoInfo>& demos() const;

  // Everything but the stored arrays, the checksum verified (it covers their digests).
  Demonstration Read(int demo) const;

  // A stored array, all of it, verified.
  StoredArray ReadStored(int demo, const std::string& name) const;

  // Some rows of a stored array by step ("obs/..."), unverified: `count` from `first` on, T being the one
  // after the last step, into `out`, which has just their size.
  void ReadStoredRows(int demo, const std::string& name, int first, int count,
                      std::span<std::byte> out) const;

  // Parts of it, unverified.
  std::vector<RelativeAction> ReadActions(int demo) const;   // (T) the expert's labels
  std::vector<RelativeAction> ReadExecuted(int demo) const;  // (T)
  std::vector<uint8_t> ReadLabelled(int demo) const;         // (T) 1 where actions[t] means something
  std::vector<RobotObs> ReadRobotObs(int demo) const;        // (T)
  std::vector<SceneObs> ReadSceneObs(int demo) const;        // (T)
  std::vector<WorldState> ReadStates(int demo) const;        // (T + 1), or none

  // SHA-256 over the demonstrations' checksums in order, as stored: the same for the same content.
  std::string Digest() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace deerbench
