// deerbench bench agent: a decision and its parts, beside the reference.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "harness/bench/agent_bench.h"
#include "harness/policies/deer/deer_options.h"
#include "harness/policies/deer/exit_plan.h"
#include "harness/policies/deer/settle_exits.h"
#include "harness/resources.h"
#include "harness/tensors/tensor_plugin.h"
#include "harness/verbs/bench.h"

namespace deerbench {
namespace {

struct AgentSettings {
  std::map<std::string, std::string> agent = {{"checkpoint", "nano-d"}};  // as `eval` takes them
  std::string steps = "240";
  std::optional<double> limit_ms;
  bool reference = true;
};

std::string Summary(const AgentBench& bench) {
  std::string text = fmt::format(
      "as evaluated: {:.3f} core-ms a step; {:.2f} layers, {:.2f} MMACs in the language model, {:.2f} in "
      "all\n",
      bench.step_ms, bench.mean_layers, bench.mean_llm_macs * 1e-6, bench.mean_total_macs * 1e-6);
  if (const auto& reference = bench.reference) {
    text += fmt::format(
        "the reference takes {:.1f} times as long; {} of {} steps take the same exit, poses differ by at "
        "most {:.1e}\n",
        reference->ratio, reference->equal_exits, reference->steps, reference->largest_difference);
  }
  return text;
}

int Run(const BenchSettings& settings, const AgentSettings& asked, const Program& program) {
  const Installation installation{.models = FindModels(program.env_models, program.executable),
                                  .tensor_plugin = FindTensorPlugin(program.executable)};
  AgentBenchOptions options;
  options.steps = ParseInt("steps", asked.steps, 10, 100000);
  EvalConfig config = ConfigForCheckpoint(asked.agent, installation);
  config.scenes = FindScenes(settings.scenes, program.env_scenes, program.executable).string();
  ResolveDeer(config, installation);
  const CheckpointFolder checkpoint = OpenCheckpoint(config.policy_options.at("checkpoint"));
  options.exit_layers = checkpoint.config.ExitLayers();
  options.agent = {.checkpoint = checkpoint.path,
                   .exits = ExitsFromText(config.policy_options.at("exit_plan"), options.exit_layers)};
  options.agent.exits.criterion = CriterionOf(config);
  options.sentences = EvaluationSentences(config);
  MakeBackend reference;
  if (asked.reference && !installation.tensor_plugin.empty()) {
    reference = [&](const AgentRequest& request) { return MakeAgent("reference", request, installation); };
  }

  const AgentBench bench = BenchAgent(LoadBenchScene(settings, program), options, reference);
  std::map<std::string, double> figures = {{"step_ms", bench.step_ms},
                                           {"mean_layers", bench.mean_layers},
                                           {"mean_llm_gmacs", bench.mean_llm_macs * 1e-9},
                                           {"mean_total_gmacs", bench.mean_total_macs * 1e-9}};
  if (bench.reference) {
    figures["reference_ratio"] = bench.reference->ratio;
    figures["reference_steps"] = bench.reference->steps;
    figures["reference_equal_exits"] = bench.reference->equal_exits;
    figures["reference_largest_difference"] = bench.reference->largest_difference;
  }
  PrintTimings("core-milliseconds a decision", bench.timings, settings, program, figures);
  PrintError(Summary(bench));
  if (!asked.limit_ms || bench.step_ms <= *asked.limit_ms) return kDone;
  PrintError(fmt::format("deerbench: a step takes {:.3f} core-ms, more than the limit of {}\n", bench.step_ms,
                         *asked.limit_ms));
  return kCheckFailed;
}

}  // namespace

void AddBenchAgent(CLI::App& bench, Program& program) {
  const auto settings = std::make_shared<BenchSettings>();
  const auto asked = std::make_shared<AgentSettings>();
  CLI::App* verb =
      AddBenchVerb(bench, "agent", "A decision of the agent while it works, and its parts", *settings);
  const auto agent_option = [&](const std::string& key, const std::string& help) {
    verb->add_option_function<std::string>(
        "--" + key, [asked, key](const std::string& value) { asked->agent[key] = value; }, help);
  };
  agent_option("checkpoint", "folder or name (default: nano-d)");
  agent_option("exit", "dynamic (default), last, or the layer (from 0) whose exit is always taken");
  agent_option("thresholds", "file of `calibrate` (default: the checkpoint's own)");
  verb->add_option("--steps", asked->steps, "control steps of tuning chains to work through (default 240)");
  verb->add_option("--limit-ms", asked->limit_ms, "fail (exit 1) where the median step takes longer");
  verb->add_flag("!--no-reference", asked->reference, "leave the tensor library's path out");
  verb->callback([settings, asked, &program] { program.exit_code = Run(*settings, *asked, program); });
}

}  // namespace deerbench
