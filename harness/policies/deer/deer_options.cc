#include "harness/policies/deer/deer_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

#include "base/error.h"
#include "harness/policies/deer/exit_plan.h"
#include "harness/policies/deer/fused_backend.h"
#include "harness/tensors/tensor_plugin.h"
#include "sim/tasks/instructions.h"

namespace deerbench {
namespace {

using Options = std::map<std::string, std::string>;

constexpr int kTimedSteps = 50;

void CheckChoice(const Options& options, const std::string& key, const std::vector<std::string>& choices) {
  const std::string& value = options.at(key);
  if (std::find(choices.begin(), choices.end(), value) == choices.end())
    Fail(fmt::format("{}: '{}', expected {}", key, value, fmt::join(choices, " or ")));
}

bool Given(const Options& options, const std::string& key) { return !options.at(key).empty(); }

// The first option that says when to leave early; empty if none is given.
std::string DynamicOption(const Options& options) {
  for (const char* key : {"thresholds", "budget_gmacs", "budget_peak_gmacs", "budget_ms", "budget_mib"}) {
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
ExitOptions FindThresholds(const Options& options, const CheckpointFolder& checkpoint) {
  const std::vector<int> layers = checkpoint.config.ExitLayers();
  if (Given(options, "thresholds")) return ReadThresholds(options.at("thresholds"), layers).exits;
  if (!std::filesystem::exists(ThresholdsPath(checkpoint)))
    Fail(fmt::format("thresholds: none in {}, expected a file of calibrate, or exit last or a layer",
                     checkpoint.path.string()));
  return ReadThresholds(ThresholdsPath(checkpoint), layers).exits;
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
    const Calibration calibration = ReadCalibration(CalibrationPath(checkpoint), checkpoint.WeightsSha256(),
                                                    checkpoint.config.ExitLayers());
    return SolveBudget(calibration, costs, highest, budget.gmacs, options.at("distribution")).exits;
  }
  const ExitOptions solved = FindThresholds(options, checkpoint);
  const int most = costs.layers[highest];
  const auto end = std::upper_bound(solved.exit_layers.begin(), solved.exit_layers.end(), most);
  if (end == solved.exit_layers.begin())
    Fail(fmt::format("thresholds: the first exit is layer {}, expected one within the budget, up to {}",
                     solved.exit_layers.front(), most));
  return DynamicExits(solved.exit_layers, solved.thresholds, *std::prev(end));
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
  return FindThresholds(options, checkpoint);
}

// A plan that was given must be what the other options say, where they say anything.
ExitOptions SettleExits(const EvalConfig& config, const CheckpointFolder& checkpoint,
                        const Installation& installation) {
  const Options& options = config.policy_options;
  if (!Given(options, "exit_plan")) return FindExits(config, checkpoint, installation);
  const ExitOptions exits = ExitsFromText(options.at("exit_plan"), checkpoint.config.ExitLayers());
  // Budgets are not measured again: a latency never comes out the same twice.
  const bool fixed = options.at("exit") != "dynamic";
  if (fixed || (Given(options, "thresholds") && !ReadBudget(config).any())) {
    const std::string text = ToText(FindExits(config, checkpoint, installation));
    if (text != ToText(exits))
      Fail(fmt::format("exit_plan: '{}', expected none beside other options, or what they say: {}",
                       options.at("exit_plan"), text));
  }
  return exits;
}

}  // namespace

const std::vector<PolicyOption>& DeerOptions() {
  static const std::vector<PolicyOption> kOptions = {
      {"checkpoint", "folder or name of the agent's weights (default: the shipped ones of the split)", ""},
      {"exit", "dynamic, last, or the layer (from 0) whose exit is always taken", "dynamic"},
      {"thresholds", "file of `calibrate` (default: the checkpoint's own)", ""},
      {"budget_gmacs", "GMACs of the language model per step, on average: solves thresholds for them", ""},
      {"budget_peak_gmacs", "GMACs of the language model that no step exceeds", ""},
      {"budget_ms", "ms that a step to the highest exit takes on this machine (median)", ""},
      {"budget_mib", "MiB of resident weights", ""},
      {"distribution", "exp, gauss or gamma: how a budget is spread over the exits", "exp"},
      {"ablate", "none, blank-vision or wrong-sentence", "none"},
      {"precision", "fp32", "fp32"},
      {"backend", "fused, or reference on the tensor library (default: fused where it can)", ""},
      {"exit_plan", "exits and thresholds, such as 1:0.02,3:0.01,5 (default: by the options above)", ""},
  };
  return kOptions;
}

Budget ReadBudget(const EvalConfig& config) {
  const auto read = [&](const char* key) -> std::optional<double> {
    if (!Given(config.policy_options, key)) return std::nullopt;
    return NumberOption(config, key, 0, 1e9);
  };
  return {.gmacs = read("budget_gmacs"),
          .peak_gmacs = read("budget_peak_gmacs"),
          .ms = read("budget_ms"),
          .mib = read("budget_mib")};
}

std::vector<std::string> EvaluationSentences(const EvalConfig& config) {
  const Instructions instructions =
      LoadInstructions(std::filesystem::path(config.scenes) / "instructions.yaml");
  std::vector<std::string> sentences;
  for (TaskId task = 0; task < kTaskCount; ++task) sentences.push_back(instructions.Canonical(task));
  return sentences;
}

EvalConfig ConfigForCheckpoint(std::map<std::string, std::string> settings,
                               const Installation& installation) {
  const std::string& asked = settings["checkpoint"];
  if (asked.empty()) Fail("checkpoint: '', expected a folder or a name");
  const CheckpointFolder checkpoint = OpenCheckpoint(FindCheckpoint(asked, {}, installation.models));
  settings["split"] = fmt::format("{}->D", fmt::join(checkpoint.metadata.train_scenes, ""));
  settings["policy"] = "deer";
  return ConfigFromKeys(settings);
}

CheckpointFolder LocateCheckpoint(EvalConfig& config, const Installation& installation) {
  Options& options = config.policy_options;
  CheckChoice(options, "precision", {"fp32"});
  if (Given(options, "backend")) CheckChoice(options, "backend", {"fused", "reference"});
  CheckChoice(options, "distribution", {"exp", "gauss", "gamma"});
  ParseAblation(options.at("ablate"));
  ReadBudget(config);
  CheckpointFolder checkpoint =
      OpenCheckpoint(FindCheckpoint(options.at("checkpoint"), config.split, installation.models));
  CheckTrainedIn(checkpoint, config.split);
  options["checkpoint"] = checkpoint.path.string();
  if (options["backend"].empty()) options["backend"] = FusedCanRun(checkpoint.config) ? "fused" : "reference";
  if (options["backend"] == "fused" && !FusedCanRun(checkpoint.config))
    Fail(fmt::format("backend: 'fused', expected reference: checkpoint {} is not of the kind that is fused",
                     checkpoint.metadata.name));
  return checkpoint;
}

ExitCosts MeasureExitCosts(const EvalConfig& config, const CheckpointFolder& checkpoint, bool latencies,
                           const Installation& installation) {
  const std::string& backend = config.policy_options.at("backend");
  return MeasureExitCosts(checkpoint.config.ExitLayers(), EvaluationSentences(config),
                          latencies ? kTimedSteps : 0, [&](const ExitOptions& exits) {
                            return MakeAgent(backend, {checkpoint.path, exits}, installation);
                          });
}

void ResolveDeer(EvalConfig& config, const Installation& installation) {
  const CheckpointFolder checkpoint = LocateCheckpoint(config, installation);
  Options& options = config.policy_options;
  options["exit_plan"] = ToText(SettleExits(config, checkpoint, installation));
  if (Given(options, "thresholds"))
    options["thresholds"] = std::filesystem::absolute(options["thresholds"]).string();
}

std::unique_ptr<DeerPolicy> MakeDeerPolicy(const EvalConfig& config, const Installation& installation,
                                           std::vector<std::string> sentences) {
  const Options& options = config.policy_options;
  const CheckpointFolder checkpoint = OpenCheckpoint(options.at("checkpoint"));
  const AgentRequest request{.checkpoint = checkpoint.path,
                             .exits = ExitsFromText(options.at("exit_plan"), checkpoint.config.ExitLayers())};
  return std::make_unique<DeerPolicy>(MakeAgent(options.at("backend"), request, installation),
                                      checkpoint.WeightsSha256(), ParseAblation(options.at("ablate")),
                                      std::move(sentences));
}

std::unique_ptr<AgentBackend> MakeAgent(const std::string& backend, const AgentRequest& request,
                                        const Installation& installation) {
  if (backend == "fused") return MakeFusedAgent(request);
  return OpenTensorPlugin(installation.tensor_plugin).MakeAgent(request);
}

}  // namespace deerbench
