// deerbench eval: judge a policy on evaluation chains.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "base/error.h"
#include "base/utf8.h"
#include "base/version.h"
#include "harness/evaluation.h"
#include "harness/policies/deer/deer_options.h"
#include "harness/policy_registry.h"
#include "harness/process/interrupt.h"
#include "harness/report/report.h"
#include "harness/resources.h"
#include "harness/terminal/summary_table.h"
#include "harness/verbs/verb.h"

namespace deerbench {
namespace {

struct Settings {
  std::map<std::string, std::string> given;  // settings by YAML name, as on the command line
  bool assets_by_environment = false;        // --assets without a folder
  std::string config_file, out;
  bool resume = false, json = false;
};

std::string OptionName(std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return "--" + key;
}

// Settings go to the workers and into the run folder as JSON and YAML, which have no other bytes.
void RequireUtf8(std::string_view key, const std::string& value) {
  for (size_t at = 0; at < value.size();) {
    const Utf8Character character = DecodeUtf8(std::string_view(value).substr(at));
    if (!character.valid) Fail(fmt::format("{}: '{}', expected a path in UTF-8", key, value));
    at += character.bytes;
  }
}

// The file's settings under those of the command line.
EvalConfig Resolve(const Settings& settings, const Program& program) {
  RequireUtf8("out", settings.out);
  std::map<std::string, std::string> values;
  if (!settings.config_file.empty()) values = ReadYamlKeys(settings.config_file);
  for (const auto& [key, value] : settings.given) values[key] = value;
  if (settings.assets_by_environment) {
    if (program.env_assets.empty())
      Fail("assets: no folder, expected one behind --assets or in DEERBENCH_CALVIN_ASSETS");
    values["assets"] = program.env_assets;
  }
  if (settings.resume) KeepMeasured(settings.out, values);
  if (!values.contains("workers")) values["workers"] = std::to_string(QueryMachine().cores);
  EvalConfig config = ConfigFromKeys(values);
  config.scenes = FindScenes(config.scenes, program.env_scenes, program.executable).string();
  if (!config.assets.empty()) {
    if (!std::filesystem::is_directory(config.assets))
      Fail(fmt::format("assets: '{}', expected CALVIN's data folder", config.assets));
    config.assets = std::filesystem::canonical(config.assets).string();
  }
  ResolvePolicy(config, FindInstallation(program.env_models, program.executable));
  RequireUtf8("scenes", config.scenes);
  RequireUtf8("assets", config.assets);
  for (const auto& [key, value] : config.policy_options) RequireUtf8(key, value);
  return config;
}

std::string Heading(const EvalConfig& config) {
  return fmt::format("deerbench {} · {} · policy {} · {} chain{} · scene {}{} · {} worker{}", Version(),
                     config.split.ToString(), config.policy, config.chains, config.chains == 1 ? "" : "s",
                     config.split.scene, config.assets.empty() ? "" : " with CALVIN's assets", config.workers,
                     config.workers == 1 ? "" : "s");
}

// Running average over all chains that are done.
std::string AverageNote(const RunWriter& writer) {
  int successes = 0;
  for (const ChainRecord& record : writer.finished()) successes += record.success;
  return fmt::format("average length {:.2f}",
                     static_cast<double>(successes) / static_cast<double>(writer.finished().size()));
}

void ReportInterrupt(const std::optional<std::pair<int, int>>& done, const std::string& out) {
  if (!done) return PrintError("deerbench: interrupted before the first chain; nothing was written\n");
  PrintError(fmt::format(
      "deerbench: interrupted; {} of {} chains are kept in {}: the same command with --resume goes on\n",
      done->first, done->second, out));
}

int Run(const Settings& settings, const Program& program) {
  if (settings.out.empty()) Fail("out: missing, expected --out FOLDER for the results");
  const EvalConfig config = Resolve(settings, program);
  const InterruptPipe interrupt;
  EvaluationRequest request{.config = config,
                            .out = settings.out,
                            .mode = settings.resume ? RunMode::kResume : RunMode::kNew,
                            .worker_argv = {program.executable.string(), "worker"},
                            .interrupt_fd = interrupt.fd()};

  std::unique_ptr<ProgressBar> bar;
  std::optional<std::pair<int, int>> done;  // of how many; empty until the folder is there
  EvaluationEvents events;
  events.on_begin = [&](const RunWriter& writer) {
    done.emplace(static_cast<int>(writer.finished().size()), config.chains);
    PrintError(Heading(config) + "\n");
    if (done->first > 0) PrintError(fmt::format("{} chains are there from before\n", done->first));
    bar = std::make_unique<ProgressBar>(program.terminal, "chains", config.chains, done->first);
  };
  events.on_chain = [&](const RunWriter& writer, const ChainRecord&) {
    done->first = static_cast<int>(writer.finished().size());
    bar->Update(done->first, AverageNote(writer));
  };
  events.on_tick = [&] { bar->Tick(); };
  events.on_trouble = [&](const std::string& text) { bar->Print("deerbench: warning: " + text); };

  const std::optional<Summary> summary = RunEvaluation(request, events);
  if (bar) bar->Finish();
  if (!summary) {
    ReportInterrupt(done, settings.out);
    return kInterrupted;
  }
  PrintError(SummaryTable(*summary, program.terminal));
  const std::filesystem::path report = std::filesystem::path(settings.out) / "report.html";
  WriteReport({settings.out}, report);
  PrintError(
      fmt::format("digest   {}\nresults  {}\nreport   {}\n", summary->digest, settings.out, report.string()));
  if (settings.json) PrintOutput(ToJson(*summary));
  return kDone;
}

}  // namespace

void AddEval(CLI::App& app, Program& program) {
  const auto settings = std::make_shared<Settings>();
  CLI::App* verb = app.add_subcommand("eval", "Judge a policy on chains of five instructions");
  const auto add = [&](const std::string& key, const std::string& help) {
    return verb
        ->add_option_function<std::string>(
            OptionName(key), [settings, key](const std::string& value) { settings->given[key] = value; },
            help)
        ->group("Settings");
  };
  for (const ConfigKey& key : EvalConfigKeys()) {
    if (key.name == "depth") continue;  // none of the policies that can be named here looks at it
    std::string help(key.help);
    if (key.name == "policy") {
      for (const PolicyEntry& entry : PolicyRegistry())
        help += fmt::format("{}{}: {}", &entry == &PolicyRegistry().front() ? ": " : "; ", entry.name,
                            entry.help);
    }
    if (key.name != "assets") {
      add(std::string(key.name), help);
      continue;
    }
    verb->add_option_function<std::vector<std::string>>(
            "--assets",
            [settings](const std::vector<std::string>& values) {
              if (values.empty() || values.front().empty())
                settings->assets_by_environment = true;
              else
                settings->given["assets"] = values.front();
            },
            help + " (without a folder: $DEERBENCH_CALVIN_ASSETS)")
        ->expected(0, 1)
        ->group("Settings");
  }
  for (const PolicyEntry& entry : PolicyRegistry()) {
    for (const PolicyOption& option : entry.options)
      add(option.name, option.default_value.empty()
                           ? option.help
                           : fmt::format("{} (default {})", option.help, option.default_value));
  }
  verb->add_option("--config", settings->config_file,
                   "YAML file with these settings, _ for -; the command line wins")
      ->group("Settings");
  verb->add_option("--out", settings->out, "folder for the results, new or empty");
  verb->add_flag("--resume", settings->resume, "go on with what --out holds");
  verb->add_flag("--json", settings->json, "print summary.json on standard output");
  verb->callback([settings, &program] { program.exit_code = Run(*settings, program); });
}

}  // namespace deerbench
