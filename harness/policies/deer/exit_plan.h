// Which exits an agent may take and when, as text and as a file. Solved once, before any worker starts.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agent/exits.h"

namespace deerbench {

// One exit whatever the actions say: `layer`, which must be one of `exit_layers`.
ExitOptions StaticExit(int layer);

// Every exit up to `highest`, which ends the walk. `thresholds` belongs to `exit_layers`; what lies above
// `highest` is dropped.
ExitOptions DynamicExits(const std::vector<int>& exit_layers, const std::vector<float>& thresholds,
                         int highest);

// "1:0.0213,3:0.0107,5": exits with their thresholds; the last one has none, it is always taken.
std::string ToText(const ExitOptions& exits);
// Throws Error naming the text unless its layers are exits of the agent, ascending.
ExitOptions ExitsFromText(std::string_view text, const std::vector<int>& exit_layers);

// thresholds.json, what `calibrate` writes (schema deerbench.thresholds/1).
struct ThresholdFile {
  std::string checkpoint;         // name
  std::string checkpoint_sha256;  // of the weights that the differences were recorded with
  std::string source;             // of the differences, in words
  int samples = 0;
  std::string distribution;  // exp, gauss or gamma
  double ratio = 0;
  ExitOptions exits;
  std::vector<double> expected_shares;  // of the samples that take each exit
  double expected_llm_gmacs = 0;        // mean a step
};
std::string ToJson(const ThresholdFile& file);
// Throws Error naming the file and what is wrong; `exit_layers` are the agent's.
ThresholdFile ReadThresholds(const std::filesystem::path& path, const std::vector<int>& exit_layers);

}  // namespace deerbench
