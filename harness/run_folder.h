// The folder of one evaluation: created or resumed, filled chain by chain, closed with a summary. Its
// contents are described in docs/run-folder.md.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/eval_config.h"
#include "harness/record.h"
#include "harness/summary.h"

namespace deerbench {

enum class RunMode {
  kNew,     // the folder must be missing or empty
  kResume,  // what is there is kept, what is missing is run; also starts a new run
};

// Writes a chain's sidecar whole or not at all and sets the record's `steps_sha256`. Safe from any process.
void WriteStepFile(const std::filesystem::path& run_folder, ChainRecord& record);

// Fills a record's steps and final state from its sidecar. Throws Error naming the file if it is missing,
// damaged or another than the record speaks of.
void ReadStepFile(const std::filesystem::path& run_folder, ChainRecord& record);

// Records of a run folder in index order, without steps. A last line that was cut off is ignored; any other
// bad line is an Error naming it.
std::vector<ChainRecord> ReadEpisodes(const std::filesystem::path& run_folder);

// Holds the folder's lock while it lives; the kernel lets go of it when the process ends, however it ends.
class RunWriter {
 public:
  // Throws Error, leaving nothing behind, if the folder cannot be written, is in use by another process,
  // holds something else or a run (kNew), or was begun with other settings (kResume; `workers` may differ).
  RunWriter(std::filesystem::path folder, const EvalConfig& config, RunMode mode);
  ~RunWriter();
  RunWriter(const RunWriter&) = delete;
  RunWriter& operator=(const RunWriter&) = delete;

  // Would the constructor succeed? Throws as it does; changes nothing on disk.
  static void Check(const std::filesystem::path& folder, const EvalConfig& config, RunMode mode);

  const std::filesystem::path& folder() const { return folder_; }
  const EvalConfig& config() const { return config_; }
  // Chains already there, ascending, and those to run.
  const std::vector<ChainRecord>& finished() const { return finished_; }
  std::vector<int> Missing() const;

  // Writes the chain's sidecar and its line.
  void Commit(ChainRecord record);
  // Writes the line of a chain whose sidecar a worker wrote. On return it is on the disk.
  void CommitLine(ChainRecord record);

  // With every chain there: computes the summary from what the folder holds and writes summary.json. Throws
  // Error if chains are missing.
  Summary Finish();

 private:
  void Open();
  double ElapsedSeconds() const;

  std::filesystem::path folder_;
  EvalConfig config_;
  std::vector<ChainRecord> finished_;
  double earlier_s_ = 0;  // wall time of earlier sessions
  double start_s_ = 0;    // steady clock at construction
  int lock_fd_ = -1;
  int episodes_fd_ = -1;
};

}  // namespace deerbench
