#include "harness/policy_registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "base/error.h"
#include "harness/policies/policies.h"

namespace deerbench {
namespace {

std::vector<std::string> PolicyNames() {
  std::vector<std::string> names;
  for (const PolicyEntry& entry : PolicyRegistry()) names.push_back(entry.name);
  return names;
}

// The policy that has an option of this name, or null.
const PolicyEntry* OwnerOf(const std::string& option_name) {
  for (const PolicyEntry& entry : PolicyRegistry()) {
    for (const PolicyOption& option : entry.options) {
      if (option.name == option_name) return &entry;
    }
  }
  return nullptr;
}

[[noreturn]] void FailUnknownKey(const std::string& key) {
  std::vector<std::string> known;
  for (const ConfigKey& own : EvalConfigKeys()) known.emplace_back(own.name);
  for (const PolicyEntry& entry : PolicyRegistry()) {
    for (const PolicyOption& option : entry.options) known.push_back(option.name);
  }
  Fail(fmt::format("{}: unknown setting, expected one of {}", key, fmt::join(known, ", ")));
}

}  // namespace

const std::vector<PolicyEntry>& PolicyRegistry() {
  static const std::vector<PolicyEntry> kEntries = {
      DeerPolicyEntry(),
      ExpertPolicyEntry(),
      RandomPolicyEntry(),
  };
  return kEntries;
}

const PolicyEntry& FindPolicy(const std::string& name) {
  for (const PolicyEntry& entry : PolicyRegistry()) {
    if (entry.name == name) return entry;
  }
  Fail(fmt::format("policy: '{}', expected one of {}", name, fmt::join(PolicyNames(), ", ")));
}

EvalConfig ConfigFromKeys(const std::map<std::string, std::string>& values) {
  EvalConfig config;
  std::map<std::string, std::string> others;
  // First, because it decides how many chains there are.
  if (const auto set = values.find("chain_set"); set != values.end())
    SetConfigValue(config, "chain_set", set->second);
  for (const auto& [key, value] : values) {
    if (!SetConfigValue(config, key, value) && key != "version") others.emplace(key, value);
  }
  for (const auto& [key, value] : others) {
    if (!OwnerOf(key)) FailUnknownKey(key);
  }
  const PolicyEntry& policy = FindPolicy(config.policy);
  for (const PolicyOption& option : policy.options) config.policy_options[option.name] = option.default_value;
  for (const auto& [key, value] : others) {
    if (!config.policy_options.contains(key))
      Fail(fmt::format("{}: '{}', expected only with policy {}, not {}", key, value, OwnerOf(key)->name,
                       policy.name));
    config.policy_options[key] = value;
  }
  return config;
}

void ResolvePolicy(EvalConfig& config, const Installation& installation) {
  const PolicyEntry& policy = FindPolicy(config.policy);
  if (policy.resolve) policy.resolve(config, installation);
}

double NumberOption(const EvalConfig& config, const std::string& name, double least, double greatest) {
  const std::string& text = config.policy_options.at(name);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= least && value <= greatest))
    Fail(fmt::format("{}: '{}', expected a number from {} to {}", name, text, least, greatest));
  return value;
}

}  // namespace deerbench
