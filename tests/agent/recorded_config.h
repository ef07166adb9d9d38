// The official DeeR code's recordings, found through DEERBENCH_DEER_DATA, and their configuration. Needs no
// tensor library.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/config.h"
#include "agent/exits.h"
#include "tests/support/npz.h"
#include "tests/support/temporary_folder.h"

namespace deerbench::test {

// The folder, or nothing after printing why the comparison is skipped.
std::optional<std::filesystem::path> RecordedFolder(const std::string& what);

// Files of the folder whose names begin and end so, sorted.
std::vector<std::filesystem::path> RecordedFiles(const std::filesystem::path& folder,
                                                 const std::string& prefix, const std::string& suffix);

// The configuration in config_<letter>.json, which has the official code's keys.
AgentConfig RecordedConfig(const std::filesystem::path& folder, const std::string& letter);

// Where a head's dropout stands, by the official code's dropout_mode: "layerwise", "last" or "wo_last".
// Throws Error for any other.
HeadConfig::DropoutPlacement RecordedPlacement(const std::string& dropout_mode);

// Our names by the recorded ones, of tensors by their numbers of dimensions. Heads of "wo_last" compute what
// heads of "last" do under other numbers (deerbench.convert, renumber_heads); all other names are the same.
std::map<std::string, std::string> OurNames(const std::map<std::string, size_t>& dimensions,
                                            const std::string& dropout_mode);

// The weights in model_<letter>.safetensors under our names: that file, or one that goes with this object.
class RecordedWeights {
 public:
  RecordedWeights(const std::filesystem::path& folder, const std::string& letter);

  const std::filesystem::path& path() const { return path_; }
  // Our name of a recorded tensor.
  const std::string& name(const std::string& recorded) const { return names_.at(recorded); }

 private:
  std::optional<TemporaryFolder> folder_;
  std::filesystem::path path_;
  std::map<std::string, std::string> names_;
};

// "case_A_window.npz" -> "A".
std::string RecordedLetter(const std::filesystem::path& file);

// The exits of a recorded rollout.
ExitOptions RecordedExits(const Npz& rollout);

// How far actions are from the recorded ones, in units of half precision's last place at the recorded value:
// before rounding, where half a unit is the most that rounding to the recorded value allows, and how many of
// the rounded numbers are the recorded ones. A pose next to the middle between two halves falls on either
// side of it by an error far below every tolerance.
struct ActionError {
  double unrounded_ulps = 0;  // largest
  double beyond = 0;          // largest distance to the nearest value that rounds to the recorded one
  int equal = 0, count = 0;

  // Of one step; `recorded` has 7 numbers.
  void Add(const ExitStep& step, const double* recorded);
};

}  // namespace deerbench::test
