// The settings of the DeeR paper (arXiv 2411.02359, section 4) by name.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/checkpoint_folder.h"

namespace deerbench {

struct DeerPreset {
  std::string name, help;
  std::map<std::string, std::string> settings;  // options of the agent
};
const std::vector<DeerPreset>& DeerPresets();
std::string PresetHelp();  // all of them in a line

// Adds the settings of options["preset"], if it names one, to `options`. Throws Error for an unknown name,
// for an option that says otherwise, and for thresholds that the preset needs and the checkpoint has not.
void ApplyPreset(std::map<std::string, std::string>& options, const CheckpointFolder& checkpoint);

}  // namespace deerbench
