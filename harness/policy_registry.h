// The policies that can be named on the command line. Each is one file in policies/ and one line in
// policy_registry.cc.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "harness/eval_config.h"
#include "harness/policy.h"
#include "harness/resources.h"
#include "sim/physics/scene_model.h"

namespace deerbench {

using AnyPolicy = std::variant<std::unique_ptr<Policy>, std::unique_ptr<PrivilegedPolicy>>;

// A setting of a policy's own; on the command line --name with - for _.
struct PolicyOption {
  std::string name;  // as in YAML
  std::string help;
  std::string default_value;
};

struct PolicyContext {
  std::shared_ptr<const SceneModel> scene;
  const EvalConfig& config;  // policy_options has every option of the policy, resolved
  Installation installation{};
  std::vector<std::string> sentences{};  // what an evaluation may say, by TaskId
};

struct PolicyEntry {
  std::string name;
  std::string help;
  std::vector<PolicyOption> options;
  // Throws Error naming option, value and what was expected.
  std::function<AnyPolicy(const PolicyContext&)> make;
  // Settles options that depend on files or on the machine, once for all workers; may be empty. Throws Error
  // likewise.
  std::function<void(EvalConfig&, const Installation&)> resolve{};
};

const std::vector<PolicyEntry>& PolicyRegistry();

// Throws Error listing the names there are.
const PolicyEntry& FindPolicy(const std::string& name);

// An EvalConfig from keys and values (of the command line, config.yaml or both merged), complete with the
// chosen policy's options. `version` is allowed and ignored. Throws Error for an unknown key, a bad value, an
// option of another policy, or no policy.
EvalConfig ConfigFromKeys(const std::map<std::string, std::string>& values);

// Lets the policy settle its options, before any worker starts. Settled ones stay as they are.
void ResolvePolicy(EvalConfig& config, const Installation& installation);

// A finite number of a policy's options. Throws Error naming it.
double NumberOption(const EvalConfig& config, const std::string& name, double least, double greatest);

}  // namespace deerbench
