// What an evaluation is: the settings that `eval` takes on the command line, in a YAML file, and writes
// resolved into the run folder's config.yaml.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/tasks/chains.h"

namespace deerbench {

// Scenes that a policy was trained on, and the one it is judged in: "ABC->D".
struct Split {
  std::string train;  // scene letters, ascending, each once
  char scene = 'D';
  std::string ToString() const;
  std::vector<std::string> TrainScenes() const;
  std::string Scene() const { return std::string(1, scene); }
  friend bool operator==(const Split&, const Split&) = default;
};
// Throws Error naming the value.
Split ParseSplit(std::string_view text);

struct EvalConfig {
  Split split{"D", 'D'};
  std::string policy;                                 // name in the registry; any name for a caller's own
  std::map<std::string, std::string> policy_options;  // the policy's own keys (policy_registry.h)
  ChainSet chain_set = ChainSet::kEvaluation;
  int chains = kEvaluationChains;  // the first so many of the set
  uint64_t seed = 0;
  std::string scenes;  // folder of our scenes
  std::string assets;  // CALVIN's data folder; empty: our own scenes
  bool depth = false;  // policies observe depth, too
  int video = 0;       // the first so many chains are filmed
  int workers = 1;
};

std::string_view ChainSetName(ChainSet set);
ChainSet ParseChainSet(const std::string& text);
int ChainSetSize(ChainSet set);

// The whole number in `text`. Throws Error naming the key, the text and the bounds.
int ParseInt(std::string_view key, const std::string& text, int least, int greatest);

// A setting by name. `key` is spelt as in YAML ("chain_set"); the command line writes - for _.
struct ConfigKey {
  std::string_view name;
  std::string_view help;
};
// Those of EvalConfig itself; a policy adds its own.
const std::vector<ConfigKey>& EvalConfigKeys();

// Sets one value from text. Throws Error naming key, value and what was expected; returns false for a key
// that is not of EvalConfig itself. Set `chain_set` before `chains`, whose bound it is.
bool SetConfigValue(EvalConfig& config, std::string_view key, const std::string& value);

// The document of config.yaml. Its first key is the program's version.
std::string ToYaml(const EvalConfig& config);

// Keys and values of a flat YAML document. Throws Error naming the document (the file) and the key for
// anything else than scalars, for a key given twice and for unreadable files.
std::map<std::string, std::string> ParseYamlKeys(const std::string& text, const std::string& name);
std::map<std::string, std::string> ReadYamlKeys(const std::filesystem::path& path);

}  // namespace deerbench
