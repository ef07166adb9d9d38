#include "harness/policies/deer/settle_exits.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <vector>

#include "agent/criteria/criterion.h"
#include "base/error.h"
#include "harness/policies/deer/calibration.h"
#include "harness/policies/deer/checkpoint_info.h"
#include "harness/policies/deer/deer_options.h"
#include "harness/policies/deer/exit_plan.h"

namespace deerbench {
namespace {

using Options = std::map<std::string, std::string>;

bool Given(const Options& options, const std::string& key) { return !options.at(key).empty(); }

// The first option that says when to leave early; empty if none is given.
std::string DynamicOption(const Options& options) {
  for (const char* key : {"thresholds", "criterion", "max_layers", "budget_gmacs", "budget_peak_gmacs",
                          "budget_ms", "budget_mib"}) {
    if (Given(options, key)) return key;
  }
  return "";
}

ExitOptions FixedExit(const std::string& exit, const AgentConfig& config) {
  const std::vector<int> layers = config.ExitLayers();
  if (exit == "last") return StaticExit(layers.back());
  int layer = 0;
  const auto [end, error] = std::from_chars(exit.data(), exit.data() + exit.size(), layer);
  const bool known = std::find(layers.begin(), layers.end(), layer) != layers.end();
  if (error != std::errc() || end != exit.data() + exit.size() || !known)
    Fail(fmt::format("exit: '{}', expected dynamic, last or a layer with an exit (from 0): {}", exit,
                     fmt::join(layers, ", ")));
  return StaticExit(layer);
}

// The checkpoint's thresholds, or those of a file.
ExitOptions FindThresholds(const EvalConfig& config, const CheckpointFolder& checkpoint) {
  const Options& options = config.policy_options;
  const std::vector<int> layers = checkpoint.config.ExitLayers();
  std::filesystem::path path = options.at("thresholds");
  if (path.empty()) path = ThresholdsPath(checkpoint);
  if (!Given(options, "thresholds") && !std::filesystem::exists(path))
    Fail(fmt::format("thresholds: none in {}, expected a file of calibrate, or exit last or a layer",
                     checkpoint.path.string()));
  const ThresholdFile file = ReadThresholds(path, layers);
  if (const std::string sha256 = checkpoint.WeightsSha256(); file.checkpoint_sha256 != sha256)
    Fail(
        fmt::format("{}: checkpoint_sha256 is {}, expected {}: thresholds of other weights say nothing about "
                    "these ({}); calibrate anew",
                    path.string(), file.checkpoint_sha256, sha256, checkpoint.path.string()));
  const ExitOptions& exits = file.exits;
  if (Given(options, "criterion") && exits.criterion != CriterionOf(config))
    Fail(
        fmt::format("criterion: '{}', expected {} as in {}, or thresholds of its own (calibrate --criterion)",
                    options.at("criterion"), exits.criterion, path.string()));
  return exits;
}

// Exits within a budget; thresholds are solved for it only if it limits the mean.
ExitOptions FitBudget(const EvalConfig& config, const Budget& budget, const CheckpointFolder& checkpoint,
                      const Installation& installation) {
  const Options& options = config.policy_options;
  if (budget.gmacs && Given(options, "thresholds"))
    Fail(fmt::format("budget_gmacs: '{}', expected no thresholds ('{}') beside it",
                     options.at("budget_gmacs"), options.at("thresholds")));
  const ExitCosts costs = MeasureExitCosts(config, checkpoint, budget.ms.has_value(), installation);
  const size_t highest = HighestExit(costs, budget);
  if (budget.gmacs) {
    CheckMeanBudget(costs, budget);
    const std::string criterion = CriterionOf(config);
    const Calibration calibration =
        ReadCalibration(CalibrationPath(checkpoint, criterion), checkpoint.WeightsSha256(), criterion,
                        checkpoint.config.ExitLayers());
    return SolveBudget(calibration, costs, highest, budget.gmacs, options.at("distribution"),
                       checkpoint.config.skip_first_exit)
        .exits;
  }
  const ExitOptions solved = FindThresholds(config, checkpoint);
  const int most = costs.layers[highest];
  const auto end = std::upper_bound(solved.exit_layers.begin(), solved.exit_layers.end(), most);
  if (end == solved.exit_layers.begin())
    Fail(fmt::format("thresholds: the first exit is layer {}, expected one within the budget, up to {}",
                     solved.exit_layers.front(), most));
  ExitOptions exits = DynamicExits(solved.exit_layers, solved.thresholds, *std::prev(end));
  exits.criterion = solved.criterion;
  return exits;
}

ExitOptions FindExits(const EvalConfig& config, const CheckpointFolder& checkpoint,
                      const Installation& installation) {
  const Options& options = config.policy_options;
  const std::string& exit = options.at("exit");
  if (exit != "dynamic") {
    const ExitOptions fixed = FixedExit(exit, checkpoint.config);
    if (const std::string key = DynamicOption(options); !key.empty())
      Fail(fmt::format("{}: '{}', expected only with exit dynamic, not {}", key, options.at(key), exit));
    return fixed;
  }
  const Budget budget = ReadBudget(config);
  if (budget.any()) return FitBudget(config, budget, checkpoint, installation);
  return FindThresholds(config, checkpoint);
}

}  // namespace

std::string CriterionOf(const EvalConfig& config) {
  const std::string& name = config.policy_options.at("criterion");
  return name.empty() ? kDefaultCriterion : FindCriterion(name).name;
}

ExitOptions SettleExits(const EvalConfig& config, const CheckpointFolder& checkpoint,
                        const Installation& installation) {
  const Options& options = config.policy_options;
  if (!Given(options, "exit_plan")) return FindExits(config, checkpoint, installation);
  ExitOptions exits = ExitsFromText(options.at("exit_plan"), checkpoint.config.ExitLayers());
  exits.criterion = CriterionOf(config);
  // Latencies are not measured again: they never come out the same twice. Thresholds solved for a mean are
  // taken as they stand.
  Budget budget = ReadBudget(config);
  budget.ms.reset();
  if (budget.max_layers || budget.peak_gmacs || budget.mib) {
    const ExitCosts costs = MeasureExitCosts(config, checkpoint, false, installation);
    const int most = costs.layers[HighestExit(costs, budget)];
    if (exits.max_layer > most)
      Fail(fmt::format("exit_plan: '{}' goes to layer {}, expected one within the budget beside it, up to {}",
                       options.at("exit_plan"), exits.max_layer, most));
  }
  const bool fixed = options.at("exit") != "dynamic";
  if (fixed || (Given(options, "thresholds") && !ReadBudget(config).any())) {
    const std::string text = ToText(FindExits(config, checkpoint, installation));
    if (text != ToText(exits))
      Fail(fmt::format("exit_plan: '{}', expected none beside other options, or what they say: {}",
                       options.at("exit_plan"), text));
  }
  return exits;
}

}  // namespace deerbench
