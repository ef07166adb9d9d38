#include "harness/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/version.h"
#include "harness/record_json.h"
#include "harness/step_file.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLockName = ".lock";

double Now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Fail(fmt::format("{}: cannot be read", path.string()));
  return {std::istreambuf_iterator<char>(file), {}};
}

[[noreturn]] void FailBusy(const fs::path& folder) {
  Fail(fmt::format("out: {} is in use by another deerbench, expected a folder of its own for each run",
                   folder.string()));
}

// Descriptor of the locked file, or -1 if another process holds it.
int TryLock(const fs::path& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC, 0644);
  if (fd < 0) Fail(fmt::format("out: {} cannot be opened: {}", path.string(), std::strerror(errno)));
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  close(fd);
  return -1;
}

void CheckWritable(const fs::path& folder) {
  fs::path existing = fs::absolute(folder);
  while (!fs::exists(existing) && existing.has_parent_path() && existing != existing.parent_path())
    existing = existing.parent_path();
  if (!fs::is_directory(existing))
    Fail(fmt::format("out: {}: {} is not a folder", folder.string(), existing.string()));
  if (access(existing.c_str(), W_OK | X_OK) != 0)
    Fail(fmt::format("out: {}: {} is not writable, expected a folder that is", folder.string(),
                     existing.string()));
}

// A resumed run must go on as it began.
void CheckSameSettings(const fs::path& config_path, const EvalConfig& config) {
  std::map<std::string, std::string> before = ReadYamlKeys(config_path);
  before.emplace("depth", "false");  // older folders do not say it
  const std::map<std::string, std::string> now = ParseYamlKeys(ToYaml(config), "settings");
  const auto value = [](const auto& map, const std::string& key) {
    const auto found = map.find(key);
    return found == map.end() ? std::string("(none)") : found->second;
  };
  std::set<std::string> keys;
  for (const auto& [key, unused] : before) keys.insert(key);
  for (const auto& [key, unused] : now) keys.insert(key);
  keys.erase("workers");
  for (const std::string& key : keys) {
    if (value(before, key) == value(now, key)) continue;
    Fail(fmt::format("{}: '{}', expected '{}' as in {} to resume it", key, value(now, key),
                     value(before, key), config_path.string()));
  }
}

void CheckContents(const fs::path& folder, const EvalConfig& config, RunMode mode) {
  if (!fs::exists(folder)) return;
  if (fs::exists(folder / "config.yaml")) {
    if (mode == RunMode::kResume) return CheckSameSettings(folder / "config.yaml", config);
    const bool finished = fs::exists(folder / "summary.json");
    Fail(fmt::format("out: {} holds {}, expected {}another folder", folder.string(),
                     finished ? "a finished run" : "an unfinished run", finished ? "" : "--resume or "));
  }
  // A process killed right after it made the folder leaves these.
  const auto only_begun = [](const fs::path& path) {
    return path.filename() == kLockName || path.extension() == ".tmp" ||
           (path.filename() == "steps" && fs::is_directory(path) && fs::is_empty(path));
  };
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!only_begun(entry.path()))
      Fail(fmt::format("out: {} is not empty and no run of deerbench, expected a new or empty folder",
                       folder.string()));
  }
}

// Bytes of the lines that were written to their end.
size_t WholeLines(std::string_view text) {
  const size_t last = text.rfind('\n');
  return last == text.npos ? 0 : last + 1;
}

std::vector<ChainRecord> ParseEpisodes(const fs::path& path, std::string_view text) {
  std::vector<ChainRecord> records;
  std::set<int> seen;
  int number = 0;
  for (text = text.substr(0, WholeLines(text)); !text.empty(); text.remove_prefix(text.find('\n') + 1)) {
    ++number;
    try {
      records.push_back(ChainRecordFromJson(text.substr(0, text.find('\n'))));
      if (!seen.insert(records.back().index).second)
        Fail(fmt::format("chain {} again", records.back().index));
    } catch (const Error& error) {
      Fail(fmt::format("{}: line {}: {}", path.string(), number, error.what()));
    }
  }
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  return records;
}

// False if a chain's steps are missing or damaged: it is run again, with the same outcome.
bool HasStepFile(const fs::path& run_folder, ChainRecord record) {
  try {
    ReadStepFile(run_folder, record);
    return true;
  } catch (const Error&) {
    return false;
  }
}

// The lines of those chains, as they are.
std::string LinesOf(std::string_view text, const std::vector<ChainRecord>& records) {
  std::set<int> kept;
  for (const ChainRecord& record : records) kept.insert(record.index);
  std::string lines;
  for (text = text.substr(0, WholeLines(text)); !text.empty(); text.remove_prefix(text.find('\n') + 1)) {
    const std::string_view line = text.substr(0, text.find('\n') + 1);
    if (kept.contains(ChainRecordFromJson(line).index)) lines += line;
  }
  return lines;
}

}  // namespace

void WriteStepFile(const fs::path& run_folder, ChainRecord& record) {
  const fs::path path = run_folder / StepFileName(record.index);
  const std::string bytes = EncodeSteps(record);
  record.steps_sha256 = Sha256Hex(bytes);
  WriteFileAtomically(path, bytes);
  FlushFolderOf(path);
}

void ReadStepFile(const fs::path& run_folder, ChainRecord& record) {
  const fs::path path = run_folder / StepFileName(record.index);
  const std::string bytes = ReadAll(path);
  const std::string sha256 = Sha256Hex(bytes);
  if (sha256 != record.steps_sha256)
    Fail(fmt::format("{}: SHA-256 {}, expected {} as in episodes.jsonl", path.string(), sha256,
                     record.steps_sha256));
  try {
    DecodeSteps(bytes, record);
  } catch (const Error& error) {
    Fail(fmt::format("{}: {}", path.string(), error.what()));
  }
}

std::vector<ChainRecord> ReadEpisodes(const fs::path& run_folder) {
  const fs::path path = run_folder / "episodes.jsonl";
  return ParseEpisodes(path, ReadAll(path));
}

void RunWriter::Check(const fs::path& folder, const EvalConfig& config, RunMode mode) {
  CheckWritable(folder);
  if (fs::exists(folder / kLockName)) {
    const int fd = TryLock(folder / kLockName, O_RDONLY);
    if (fd < 0) FailBusy(folder);
    close(fd);
  }
  CheckContents(folder, config, mode);
}

RunWriter::RunWriter(fs::path folder, const EvalConfig& config, RunMode mode)
    : folder_(std::move(folder)), config_(config), start_s_(Now_s()) {
  Check(folder_, config_, mode);
  std::error_code error;
  fs::create_directories(folder_ / "steps", error);
  if (error) Fail(fmt::format("out: {} cannot be made: {}", folder_.string(), error.message()));
  lock_fd_ = TryLock(folder_ / kLockName, O_RDWR | O_CREAT);
  if (lock_fd_ < 0) FailBusy(folder_);
  try {
    Open();
  } catch (...) {
    close(lock_fd_);
    throw;
  }
}

void RunWriter::Open() {
  const fs::path episodes = folder_ / "episodes.jsonl";
  if (fs::exists(folder_ / "config.yaml") && fs::exists(episodes)) {
    const std::string text = ReadAll(episodes);
    const std::vector<ChainRecord> said = ParseEpisodes(episodes, text);
    for (const ChainRecord& record : said)
      if (HasStepFile(folder_, record)) finished_.push_back(record);
    if (finished_.size() == said.size())
      fs::resize_file(episodes, WholeLines(text));
    else
      WriteFileAtomically(episodes, LinesOf(text, finished_));
    for (const ChainRecord& record : finished_) earlier_s_ = std::max(earlier_s_, record.elapsed_s);
  }
  // Left by processes that were killed while they wrote.
  for (const fs::path& part : {folder_, folder_ / "steps"}) {
    for (const auto& entry : fs::directory_iterator(part)) {
      if (entry.path().extension() == ".tmp") fs::remove(entry.path());
    }
  }
  if (!fs::exists(folder_ / "config.yaml")) WriteFileAtomically(folder_ / "config.yaml", ToYaml(config_));
  episodes_fd_ = open(episodes.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (episodes_fd_ < 0)
    Fail(fmt::format("{}: cannot be written: {}", episodes.string(), std::strerror(errno)));
  FlushFolderOf(episodes);
}

RunWriter::~RunWriter() {
  if (episodes_fd_ >= 0) close(episodes_fd_);
  if (lock_fd_ >= 0) close(lock_fd_);
}

double RunWriter::ElapsedSeconds() const { return earlier_s_ + Now_s() - start_s_; }

std::vector<int> RunWriter::Missing() const {
  std::set<int> there;
  for (const ChainRecord& record : finished_) there.insert(record.index);
  std::vector<int> missing;
  for (int index = 0; index < config_.chains; ++index) {
    if (!there.contains(index)) missing.push_back(index);
  }
  return missing;
}

void RunWriter::Commit(ChainRecord record) {
  WriteStepFile(folder_, record);
  CommitLine(std::move(record));
}

void RunWriter::CommitLine(ChainRecord record) {
  if (!finished_.empty() && record.checkpoint_sha256 != finished_.front().checkpoint_sha256)
    Fail(fmt::format("checkpoint of chain {}: {}, expected {} as in the chains before", record.index,
                     record.checkpoint_sha256, finished_.front().checkpoint_sha256));
  record.elapsed_s = ElapsedSeconds();
  const std::string line = ToJsonLine(record) + "\n";
  // One write, so that a reader or a crash meets whole lines but for the last.
  const ssize_t written = write(episodes_fd_, line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size()) || fdatasync(episodes_fd_) != 0)
    Fail(fmt::format(
        "{}: cannot be written: {}", (folder_ / "episodes.jsonl").string(),
        written < 0 || written == static_cast<ssize_t>(line.size()) ? std::strerror(errno) : "disk full"));
  record.steps = {};
  record.final_state = {};
  const auto after =
      std::upper_bound(finished_.begin(), finished_.end(), record.index,
                       [](int index, const ChainRecord& other) { return index < other.index; });
  finished_.insert(after, std::move(record));
}

Summary RunWriter::Finish() {
  const std::vector<int> missing = Missing();
  if (!missing.empty())
    Fail(fmt::format("{}: {} of {} chains are missing, the first is {}", folder_.string(), missing.size(),
                     config_.chains, missing.front()));
  SummaryBuilder builder(config_);
  double wall_s = 0;
  for (ChainRecord record : finished_) {
    ReadStepFile(folder_, record);
    builder.Add(record);
    wall_s = std::max(wall_s, record.elapsed_s);
  }
  Summary summary = builder.Finish(wall_s);
  WriteFileAtomically(folder_ / "summary.json", ToJson(summary));
  FlushFolderOf(folder_ / "summary.json");
  return summary;
}

}  // namespace deerbench
