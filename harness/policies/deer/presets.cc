#include "harness/policies/deer/presets.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "harness/policies/deer/checkpoint_info.h"

namespace deerbench {
namespace {

const DeerPreset& FindPreset(const std::string& name) {
  std::vector<std::string> names;
  for (const DeerPreset& preset : DeerPresets()) {
    if (preset.name == name) return preset;
    names.push_back(preset.name);
  }
  Fail(fmt::format("preset: '{}', expected one of {}", name, fmt::join(names, ", ")));
}

}  // namespace

const std::vector<DeerPreset>& DeerPresets() {
  static const std::vector<DeerPreset> kPresets = {
      {"roboflamingo++", "every layer at every step", {{"exit", "last"}}},
      {"deer-s", "dynamic exits within four layers", {{"max_layers", "4"}}},
      {"deer-b", "dynamic exits within twelve layers", {{"max_layers", "12"}}},
      {"deer-online", "dynamic exits by thresholds that were tried out (thresholds-online.json)", {}},
  };
  return kPresets;
}

std::string PresetHelp() {
  std::vector<std::string> lines;
  for (const DeerPreset& preset : DeerPresets())
    lines.push_back(fmt::format("{} ({})", preset.name, preset.help));
  return fmt::format("{}", fmt::join(lines, ", "));
}

void ApplyPreset(std::map<std::string, std::string>& options, const CheckpointFolder& checkpoint) {
  const std::string& name = options.at("preset");
  if (name.empty()) return;
  std::map<std::string, std::string> settings = FindPreset(name).settings;
  if (name == "deer-online") {
    const std::filesystem::path path = OnlineThresholdsPath(checkpoint);
    if (!std::filesystem::exists(path))
      Fail(fmt::format("preset: 'deer-online', expected {}: thresholds.json of deerbench.tune",
                       path.string()));
    settings["thresholds"] = path.string();
  }
  for (const auto& [key, value] : settings) {
    std::string& option = options.at(key);
    const bool given = !option.empty() && !(key == "exit" && option == "dynamic");
    if (given && option != value)
      Fail(fmt::format("{}: '{}', expected {} or nothing beside preset {}", key, option, value, name));
    option = value;
  }
}

}  // namespace deerbench
