// deerbench calibrate: a budget in, thresholds out.
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <system_error>

#include "agent/thresholds.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "harness/policies/deer/deer_options.h"
#include "harness/policies/deer/recording.h"
#include "harness/policies/deer/settle_exits.h"
#include "harness/process/interrupt.h"
#include "harness/report/terminal_table.h"
#include "harness/resources.h"
#include "harness/verbs/verb.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxSamples = 1'000'000;

struct Settings {
  std::map<std::string, std::string> agent;  // options of the agent, as on the command line
  std::string demos, out, samples = "5000";
  bool tuning_chains = false, record = false, json = false;
};

// Lets the agent walk to its last exit on demonstrations or tuning chains and keeps what every exit said.
// Nothing if interrupted.
std::optional<Calibration> Record(const Settings& settings, const EvalConfig& config,
                                  const CheckpointFolder& checkpoint, const std::string& criterion,
                                  const Installation& installation, const Program& program) {
  const int samples = ParseInt("samples", settings.samples, 1, kMaxSamples);
  const std::vector<int> layers = checkpoint.config.ExitLayers();
  Calibration calibration{
      .checkpoint_sha256 = checkpoint.WeightsSha256(),
      .source = settings.demos.empty()
                    ? fmt::format("tuning chains in scene {}", config.split.scene)
                    : fmt::format("demonstrations of {}", fs::path(settings.demos).filename().string()),
      .criterion = criterion,
      .exit_layers = layers,
      .differences = {}};
  std::shared_ptr<const DemoReader> reader;
  if (!settings.demos.empty()) reader = std::make_shared<DemoReader>(settings.demos);
  const std::vector<float> never(layers.size(), kNeverExit);
  ExitOptions walk = DynamicExits(layers, never, layers.back());
  walk.criterion = criterion;
  const auto agent =
      MakeAgent(config.policy_options.at("backend"),
                {checkpoint.path, walk, ParsePrecision(config.policy_options.at("precision"))}, installation);
  const InterruptPipe interrupt;
  ProgressBar bar(program.terminal, "steps", samples, 0);
  const RecordingEvents events{.on_progress = [&](int done) { bar.Update(done, calibration.source); },
                               .stop =
                                   [&] {
                                     pollfd wait{.fd = interrupt.fd(), .events = POLLIN, .revents = 0};
                                     return poll(&wait, 1, 0) > 0;
                                   }};
  bool done = false;
  if (reader) {
    done = RecordDemonstrations(reader, config.scenes, samples, *agent, calibration, events);
  } else {
    Tabletop tabletop(LoadTabletopScene(config.split.Scene(), config.scenes, config.assets));
    done = RecordTuningChains(tabletop, EvaluationSentences(config), samples, *agent, calibration, events);
  }
  bar.Finish();
  if (!done) return std::nullopt;
  return calibration;
}

std::string ResultTable(const ThresholdFile& file, const ExitCosts& costs, const Terminal& terminal) {
  Table table({{"exit at layer"},
               {"threshold", Align::kRight},
               {"expected", Align::kRight},
               {"LLM MMACs", Align::kRight},
               {"weights", Align::kRight},
               {"", Align::kLeft, 30}});
  for (size_t i = 0; i < file.exits.exit_layers.size(); ++i) {
    const bool last = i + 1 == file.exits.exit_layers.size();
    const float threshold = file.exits.thresholds[i];
    table.Row({fmt::format("{}", file.exits.exit_layers[i]),
               last || threshold >= kAlwaysExit ? "always"
               : threshold <= kNeverExit        ? "never"
                                                : fmt::format("{:.5f}", threshold),
               fmt::format("{:.1f} %", 100 * file.expected_shares[i]),
               fmt::format("{:.3f}", 1e3 * costs.mean_gmacs[i]), fmt::format("{:.1f} MiB", costs.mib[i]),
               Cell::Bar(file.expected_shares[i])});
  }
  return fmt::format("\n{}\n{:.3f} LLM MMACs a step expected, by {} steps of {}\n",
                     table.Render(terminal.width, terminal.color), 1e3 * file.expected_llm_gmacs,
                     file.samples, file.source);
}

std::string ResultJson(const ThresholdFile& file, const ExitCosts& costs) {
  auto json = nlohmann::ordered_json::parse(ToJson(file));
  json["costs"] = {{"exit_layers", costs.layers},
                   {"mean_llm_gmacs", costs.mean_gmacs},
                   {"peak_llm_gmacs", costs.peak_gmacs},
                   {"ms", costs.ms},
                   {"weights_mib", costs.mib}};
  return json.dump(2) + "\n";
}

// Throws Error naming the option unless a file can be put there; leaves nothing.
void RequireWritable(std::string_view option, const fs::path& file) {
  std::error_code ignored;
  if (fs::is_fifo(file, ignored)) return;  // its reader would take this for the end
  try {
    const AtomicFile tried(file);
  } catch (const Error& error) {
    Fail(fmt::format("{}: {}", option, error.what()));
  }
}

int Run(const Settings& settings, const Program& program) {
  if (!settings.demos.empty() && settings.tuning_chains)
    Fail(fmt::format("demos: '{}', expected either demonstrations or tuning chains", settings.demos));
  const bool records = !settings.demos.empty() || settings.tuning_chains;
  if (settings.record && !records) Fail("record: expected --demos FILE or --tuning-chains beside it");
  const Installation installation = FindInstallation(program.env_models, program.executable);
  EvalConfig config = ConfigForCheckpoint(settings.agent, installation);
  config.scenes = FindScenes("", program.env_scenes, program.executable).string();
  const CheckpointFolder checkpoint = LocateCheckpoint(config, installation);
  const std::string criterion = CriterionOf(config);
  const fs::path recorded = CalibrationPath(checkpoint, criterion);
  const Budget budget = ReadBudget(config);
  if (!budget.any() && !settings.record)
    Fail(
        "budget: none, expected --budget-gmacs, --budget-peak-gmacs, --budget-ms, --budget-mib or "
        "--max-layers, "
        "or --record");
  if (budget.any() && settings.out.empty()) Fail("out: missing, expected --out FILE for the thresholds");

  // What cannot be written and what the budget cannot meet are said before any long work.
  if (budget.any()) RequireWritable("out", settings.out);
  if (settings.record) RequireWritable("record", recorded);
  ExitCosts costs;
  size_t highest = 0;
  if (budget.any()) {
    costs = MeasureExitCosts(config, checkpoint, budget.ms.has_value(), installation);
    highest = HighestExit(costs, budget);
    CheckMeanBudget(costs, budget);
  }
  std::optional<Calibration> calibration;
  if (records) {
    calibration = Record(settings, config, checkpoint, criterion, installation, program);
    if (!calibration) {
      PrintError("deerbench: interrupted; nothing was written\n");
      return kInterrupted;
    }
    if (settings.record) WriteFileAtomically(recorded, ToJson(*calibration));
    if (settings.record) PrintError(fmt::format("differences  {}\n", recorded.string()));
  } else {
    calibration =
        ReadCalibration(recorded, checkpoint.WeightsSha256(), criterion, checkpoint.config.ExitLayers());
  }
  if (!budget.any()) return kDone;

  ThresholdFile file =
      SolveBudget(*calibration, costs, highest, budget.gmacs, config.policy_options.at("distribution"),
                  checkpoint.config.skip_first_exit);
  file.checkpoint = checkpoint.metadata.name;
  WriteFileAtomically(settings.out, ToJson(file));
  PrintError(ResultTable(file, costs, program.terminal));
  PrintError(fmt::format("thresholds   {}\n", settings.out));
  if (settings.json) PrintOutput(ResultJson(file, costs));
  return kDone;
}

}  // namespace

void AddCalibrate(CLI::App& app, Program& program) {
  const auto settings = std::make_shared<Settings>();
  CLI::App* verb =
      app.add_subcommand("calibrate", "Solve the agent's exit thresholds for a budget, from recorded steps");
  for (const PolicyOption& option : DeerOptions()) {
    if (option.name != "checkpoint" && option.name != "backend" && option.name != "distribution" &&
        option.name != "criterion" && option.name != "max_layers" && option.name != "precision" &&
        !option.name.starts_with("budget_"))
      continue;
    std::string name = "--" + option.name;
    std::replace(name.begin(), name.end(), '_', '-');
    verb->add_option_function<std::string>(
        name, [settings, key = option.name](const std::string& value) { settings->agent[key] = value; },
        option.name == "checkpoint" ? "folder or name of the agent's weights" : option.help);
  }
  verb->add_option("--demos", settings->demos,
                   "record the exits' differences on demonstrations of `collect`");
  verb->add_flag("--tuning-chains", settings->tuning_chains,
                 "record them while the agent acts on tuning chains (default: those the checkpoint has)");
  verb->add_option("--samples", settings->samples, "steps to record (default 5000)");
  verb->add_flag("--record", settings->record, "keep the recorded differences in the checkpoint");
  verb->add_option("--out", settings->out, "file for the thresholds");
  verb->add_flag("--json", settings->json, "print the thresholds and the exits' costs on standard output");
  verb->callback([settings, &program] { program.exit_code = Run(*settings, program); });
}

}  // namespace deerbench
