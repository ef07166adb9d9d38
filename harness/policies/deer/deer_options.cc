#include "harness/policies/deer/deer_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

#include "agent/criteria/criterion.h"
#include "agent/cuda/cuda_agent.h"
#include "base/error.h"
#include "harness/cuda/cuda_plugin.h"
#include "harness/policies/deer/cuda_backend.h"
#include "harness/policies/deer/exit_plan.h"
#include "harness/policies/deer/fused_backend.h"
#include "harness/policies/deer/presets.h"
#include "harness/policies/deer/settle_exits.h"
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

}  // namespace

const std::vector<PolicyOption>& DeerOptions() {
  static const std::vector<PolicyOption> kOptions = {
      {"checkpoint", "folder or name of the agent's weights (default: the shipped ones of the split)", ""},
      {"exit", "dynamic, last, or the layer (from 0) whose exit is always taken", "dynamic"},
      {"thresholds", "file of `calibrate` (default: the checkpoint's own)", ""},
      {"preset", "a setting of the paper: " + PresetHelp(), ""},
      {"criterion", "what an exit is weighed by: " + CriterionHelp() + "; default as the thresholds", ""},
      {"max_layers", "layers that are loaded at most", ""},
      {"budget_gmacs", "GMACs of the language model per step, on average: solves thresholds for them", ""},
      {"budget_peak_gmacs", "GMACs of the language model that no step exceeds", ""},
      {"budget_ms", "ms that a step to the highest exit takes on this machine (median)", ""},
      {"budget_mib", "MiB of resident weights", ""},
      {"distribution", "exp, gauss or gamma: how a budget is spread over the exits", "exp"},
      {"ablate", "none, blank-vision or wrong-sentence", "none"},
      {"precision", "of the weights: fp32, bf16, fp16, int8, int4, or by part as in llm=int8,vision=bf16",
       "fp32"},
      {"backend", "fused (default), cuda on a GPU, or reference on the tensor library", ""},
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
          .mib = read("budget_mib"),
          .max_layers = Given(config.policy_options, "max_layers")
                            ? std::optional(ParseInt("max_layers", config.policy_options.at("max_layers"), 1,
                                                     1'000'000))
                            : std::nullopt};
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
  const Precision precision = ParsePrecision(options.at("precision"));
  options["precision"] = ToText(precision);
  if (Given(options, "backend")) CheckChoice(options, "backend", {"fused", "cuda", "reference"});
  CheckChoice(options, "distribution", {"exp", "gauss", "gamma"});
  ParseAblation(options.at("ablate"));
  ReadBudget(config);
  CheckpointFolder checkpoint =
      OpenCheckpoint(FindCheckpoint(options.at("checkpoint"), config.split, installation.models));
  CheckTrainedIn(checkpoint, config.split);
  ApplyPreset(options, checkpoint);
  CriterionOf(config);
  options["checkpoint"] = checkpoint.path.string();
  if (options["backend"].empty()) options["backend"] = "fused";
  if (options["backend"] == "cuda") cuda::WeightTypesOf(precision);
  if (options["backend"] == "reference" && !precision.single())
    Fail(fmt::format("precision: '{}', expected fp32 with backend reference", options["precision"]));
  return checkpoint;
}

ExitCosts MeasureExitCosts(const EvalConfig& config, const CheckpointFolder& checkpoint, bool latencies,
                           const Installation& installation) {
  const std::string& backend = config.policy_options.at("backend");
  const std::string criterion = CriterionOf(config);
  const Precision precision = ParsePrecision(config.policy_options.at("precision"));
  const Observation usual;  // what it is measured on
  CheckPictures(checkpoint, usual.static_size, usual.gripper_size);
  return MeasureExitCosts(checkpoint.config.ExitLayers(), EvaluationSentences(config),
                          latencies ? kTimedSteps : 0, [&](ExitOptions exits) {
                            exits.criterion = criterion;
                            return MakeAgent(backend, {checkpoint.path, exits, precision}, installation);
                          });
}

void KeepMeasured(const std::filesystem::path& run_folder, Options& settings) {
  const std::filesystem::path path = run_folder / "config.yaml";
  const std::string budget = settings.contains("budget_ms") ? settings.at("budget_ms") : "";
  if (budget.empty() || !std::filesystem::exists(path)) return;
  const Options before = ReadYamlKeys(path);
  const auto found = before.find("budget_ms");
  if (found == before.end() || found->second != budget) return;
  for (const char* key : {"exit_plan", "criterion"}) {
    if (std::string& value = settings[key]; value.empty() && before.contains(key)) value = before.at(key);
  }
}

void ResolveDeer(EvalConfig& config, const Installation& installation) {
  const CheckpointFolder checkpoint = LocateCheckpoint(config, installation);
  Options& options = config.policy_options;
  const ExitOptions exits = SettleExits(config, checkpoint, installation);
  options["exit_plan"] = ToText(exits);
  if (exits.exit_layers.size() > 1) options["criterion"] = exits.criterion;
  if (Given(options, "thresholds"))
    options["thresholds"] = std::filesystem::absolute(options["thresholds"]).string();
}

std::unique_ptr<DeerPolicy> MakeDeerPolicy(const EvalConfig& config, const Installation& installation,
                                           std::vector<std::string> sentences) {
  const Options& options = config.policy_options;
  const CheckpointFolder checkpoint = OpenCheckpoint(options.at("checkpoint"));
  AgentRequest request{.checkpoint = checkpoint.path,
                       .exits = ExitsFromText(options.at("exit_plan"), checkpoint.config.ExitLayers()),
                       .precision = ParsePrecision(options.at("precision"))};
  request.exits.criterion = CriterionOf(config);
  return std::make_unique<DeerPolicy>(MakeAgent(options.at("backend"), request, installation),
                                      checkpoint.WeightsSha256(), ParseAblation(options.at("ablate")),
                                      std::move(sentences));
}

std::unique_ptr<AgentBackend> MakeAgent(const std::string& backend, const AgentRequest& request,
                                        const Installation& installation) {
  if (backend == "fused") return MakeFusedAgent(request);
  if (backend == "cuda") return MakeCudaAgent(request, MakeCudaQueue(installation.cuda_plugin));
  return OpenTensorPlugin(installation.tensor_plugin).MakeAgent(request);
}

}  // namespace deerbench
