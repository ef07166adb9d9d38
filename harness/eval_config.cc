#include "harness/eval_config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "base/version.h"

namespace deerbench {
namespace {

constexpr std::string_view kLetters = "ABCD";
constexpr int kMaxWorkers = 1024;

template <class T>
T ParseNumber(std::string_view key, const std::string& text, T least, T greatest) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > greatest)
    Fail(fmt::format("{}: '{}', expected a whole number from {} to {}", key, text, least, greatest));
  return value;
}

bool ParseBool(std::string_view key, const std::string& text) {
  if (text != "true" && text != "false") Fail(fmt::format("{}: '{}', expected true or false", key, text));
  return text == "true";
}

}  // namespace

ChainSet ParseChainSet(const std::string& text) {
  for (const ChainSet set : {ChainSet::kEvaluation, ChainSet::kTuning}) {
    if (ChainSetName(set) == text) return set;
  }
  Fail(fmt::format("chain_set: '{}', expected evaluation or tuning", text));
}

int ChainSetSize(ChainSet set) { return set == ChainSet::kEvaluation ? kEvaluationChains : kTuningChains; }

int ParseInt(std::string_view key, const std::string& text, int least, int greatest) {
  return ParseNumber(key, text, least, greatest);
}

std::string Split::ToString() const { return fmt::format("{}->{}", train, scene); }

std::vector<std::string> Split::TrainScenes() const {
  std::vector<std::string> scenes;
  for (const char letter : train) scenes.emplace_back(1, letter);
  return scenes;
}

Split ParseSplit(std::string_view text) {
  const size_t arrow = text.find("->");
  const auto good = [](std::string_view letters) {
    return !letters.empty() && std::all_of(letters.begin(), letters.end(), [&](char letter) {
      return kLetters.find(letter) != kLetters.npos &&
             std::count(letters.begin(), letters.end(), letter) == 1;
    });
  };
  if (arrow == text.npos || !good(text.substr(0, arrow)) || !good(text.substr(arrow + 2)) ||
      text.size() != arrow + 3) {
    Fail(
        fmt::format("split: '{}', expected training scenes, ->, evaluation scene, of letters A to D, such as "
                    "D->D or ABC->D",
                    text));
  }
  Split split{std::string(text.substr(0, arrow)), text.back()};
  std::sort(split.train.begin(), split.train.end());
  return split;
}

std::string_view ChainSetName(ChainSet set) { return set == ChainSet::kEvaluation ? "evaluation" : "tuning"; }

const std::vector<ConfigKey>& EvalConfigKeys() {
  static const std::vector<ConfigKey> kKeys = {
      {"split", "scenes trained in -> scene judged in, such as \"ABC->D\" (default D->D)"},
      {"policy", "who acts"},
      {"chain_set", "evaluation (CALVIN's own, default) or tuning"},
      {"chains", "how many chains, from the first on (default 1000)"},
      {"seed", "seed of everything that is random (default 0)"},
      {"scenes", "folder of our own scenes (default: as installed)"},
      {"assets", "CALVIN's `data` folder: its scenes instead of ours"},
      {"depth", "true: depth is observed, too (default false)"},
      {"video", "film the first so many chains (default 0)"},
      {"workers", "worker processes (default: one a core)"},
  };
  return kKeys;
}

bool SetConfigValue(EvalConfig& config, std::string_view key, const std::string& value) {
  if (key == "split")
    config.split = ParseSplit(value);
  else if (key == "policy")
    config.policy = value;
  else if (key == "chain_set")
    config.chain_set = ParseChainSet(value);
  else if (key == "chains")
    config.chains = ParseNumber(key, value, 1, ChainSetSize(config.chain_set));
  else if (key == "seed")
    config.seed = ParseNumber<uint64_t>(key, value, 0, UINT64_MAX);
  else if (key == "scenes")
    config.scenes = value;
  else if (key == "assets")
    config.assets = value;
  else if (key == "depth")
    config.depth = ParseBool(key, value);
  else if (key == "video")
    config.video = ParseNumber(key, value, 0, kEvaluationChains);
  else if (key == "workers")
    config.workers = ParseNumber(key, value, 1, kMaxWorkers);
  else
    return false;
  return true;
}

std::string ToYaml(const EvalConfig& config) {
  YAML::Emitter out;
  const auto put = [&](std::string_view key, const auto& value) {
    out << YAML::Key << std::string(key) << YAML::Value << value;
  };
  out << YAML::BeginMap;
  put("version", std::string(Version()));
  put("split", config.split.ToString());
  put("policy", config.policy);
  for (const auto& [key, value] : config.policy_options) put(key, value);
  put("chain_set", std::string(ChainSetName(config.chain_set)));
  put("chains", config.chains);
  put("seed", config.seed);
  put("scenes", config.scenes);
  put("assets", config.assets);
  put("depth", config.depth);
  put("video", config.video);
  put("workers", config.workers);
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

std::map<std::string, std::string> ParseYamlKeys(const std::string& text, const std::string& name) {
  std::map<std::string, std::string> values;
  const auto fail = [&](std::string_view what) { Fail(fmt::format("{}: {}", name, what)); };
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap()) fail("not a YAML mapping, expected lines of key: value");
    for (const auto& entry : root) {
      const auto key = entry.first.as<std::string>();
      if (!entry.second.IsScalar() && !entry.second.IsNull())
        fail(fmt::format("{}: expected a single value", key));
      const std::string value = entry.second.IsNull() ? "" : entry.second.as<std::string>();
      if (!values.emplace(key, value).second) fail(fmt::format("{}: given twice", key));
    }
  } catch (const YAML::Exception& error) {
    fail(fmt::format("line {}: {}", error.mark.line + 1, error.msg));
  }
  return values;
}

std::map<std::string, std::string> ReadYamlKeys(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) Fail(fmt::format("{}: cannot be read", path.string()));
  return ParseYamlKeys({std::istreambuf_iterator<char>(file), {}}, path.string());
}

}  // namespace deerbench
