// deerbench inspect: what is in a dataset, and what an agent costs (inspect_agent.h).
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "datasets/demo_statistics.h"
#include "harness/contact_sheet.h"
#include "harness/machine.h"
#include "harness/report/terminal_table.h"
#include "harness/resources.h"
#include "harness/verbs/inspect_agent.h"
#include "harness/verbs/verb.h"

namespace deerbench {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 7> kComponents = {"x", "y", "z", "roll", "pitch", "yaw", "gripper"};

struct Settings {
  std::string file, contact_sheet;
  InspectAgentSettings agent;
  bool json = false;
};

std::vector<Cell> CellsOf(std::string name, const DemoTally& tally) {
  return {std::move(name),
          fmt::format("{}", tally.demos),
          {fmt::format("{:.1f} %", 100.0 * tally.successes / tally.demos),
           ToneOfRate(static_cast<double>(tally.successes) / tally.demos)},
          fmt::format("{:.0f}", tally.length.mean),
          {fmt::format("{:.0f} to {:.0f}", tally.length.least, tally.length.greatest), Tone::kDim}};
}

std::string Tables(const DemoReader& reader, const DemoStatistics& s, const Terminal& terminal) {
  Table counts({{""},
                {"demonstrations", Align::kRight},
                {"success", Align::kRight},
                {"steps", Align::kRight},
                {"", Align::kRight},
                {"", Align::kLeft, 30}});
  int most = 1;
  for (const DemoTally& tally : s.tasks) most = std::max(most, tally.demos);
  for (size_t task = 0; task < kTaskCount; ++task) {
    if (s.tasks[task].demos == 0) continue;
    std::vector<Cell> cells = CellsOf(std::string(Tasks()[task].name), s.tasks[task]);
    cells.push_back(Cell::Bar(static_cast<double>(s.tasks[task].demos) / most));
    counts.Row(std::move(cells));
  }
  counts.Rule();
  for (const auto& [scene, tally] : s.scenes) counts.Row(CellsOf("scene " + scene, tally));
  for (const auto& [source, tally] : s.sources) counts.Row(CellsOf("by " + source, tally));

  Table actions({{"action"},
                 {"mean", Align::kRight},
                 {"deviation", Align::kRight},
                 {"least", Align::kRight},
                 {"greatest", Align::kRight},
                 {"executed: off by", Align::kRight}});
  for (size_t k = 0; k < 7; ++k) {
    const Spread& a = s.actions[k];
    actions.Row({kComponents[k], fmt::format("{:.3f}", a.mean), fmt::format("{:.3f}", a.deviation),
                 fmt::format("{:.3f}", a.least), fmt::format("{:.3f}", a.greatest),
                 fmt::format("{:.3f}", s.deviations[k].deviation)});
  }
  const auto share = [&](int64_t part, int64_t whole) {
    return 100.0 * static_cast<double>(part) / static_cast<double>(std::max<int64_t>(whole, 1));
  };
  std::string stored;
  for (const auto& [name, demos] : s.stored)
    stored += fmt::format("{}{} ({})", stored.empty() ? "" : ", ", name, demos);
  if (s.with_states < s.all.demos || !stored.empty()) {
    stored = fmt::format("states    {}, stored arrays {}\n",
                         s.with_states == s.all.demos ? "of all demonstrations"
                         : s.with_states == 0         ? "none: nothing can be drawn or replayed"
                                                      : fmt::format("of {} demonstrations", s.with_states),
                         stored.empty() ? "none" : stored);
  }
  return fmt::format(
      "{}\n{}\n{} demonstrations, {} steps ({:.1f} minutes), {} sentences, {:.1f} MB, environment v{}, "
      "written "
      "by deerbench {}\n{}{:.1f} % of the steps labelled; at {:.1f} % of these something else was executed\n"
      "digest    {}, every checksum right\nsettings  {}\n",
      counts.Render(terminal.width, terminal.color), actions.Render(terminal.width, terminal.color),
      s.all.demos, s.steps, static_cast<double>(s.steps) / 30 / 60, s.sentences,
      static_cast<double>(std::filesystem::file_size(reader.path())) / 1e6, reader.info().env_version,
      reader.info().program_version, stored, share(s.labelled_steps, s.steps),
      share(s.differing_steps, s.labelled_steps), reader.Digest(), reader.info().settings);
}

Json ToJson(const Spread& s) {
  return {{"mean", s.mean}, {"deviation", s.deviation}, {"least", s.least}, {"greatest", s.greatest}};
}

Json ToJson(const DemoTally& tally) {
  return {{"demonstrations", tally.demos}, {"successes", tally.successes}, {"length", ToJson(tally.length)}};
}

std::string ToJson(const DemoReader& reader, const DemoStatistics& s) {
  Json json{{"schema", "deerbench.inspect/1"},
            {"file", reader.path().string()},
            {"file_schema", kDemoSchema},
            {"env_version", reader.info().env_version},
            {"program_version", reader.info().program_version},
            {"bytes", std::filesystem::file_size(reader.path())},
            {"digest", reader.Digest()},
            {"settings", reader.info().settings},
            {"demonstrations", s.all.demos},
            {"successes", s.all.successes},
            {"length", ToJson(s.all.length)},
            {"steps", s.steps},
            {"labelled_steps", s.labelled_steps},
            {"differing_steps", s.differing_steps},
            {"sentences", s.sentences},
            {"with_states", s.with_states},
            {"stored", Json::object()}};
  for (const auto& [name, demos] : s.stored) json["stored"][name] = demos;
  for (size_t task = 0; task < kTaskCount; ++task) {
    if (s.tasks[task].demos > 0) json["per_task"][std::string(Tasks()[task].name)] = ToJson(s.tasks[task]);
  }
  for (const auto& [scene, tally] : s.scenes) json["per_scene"][scene] = ToJson(tally);
  for (const auto& [source, tally] : s.sources) json["per_source"][source] = ToJson(tally);
  for (size_t k = 0; k < 7; ++k) {
    json["actions"][kComponents[k]] = ToJson(s.actions[k]);
    json["deviations"][kComponents[k]] = ToJson(s.deviations[k]);
  }
  return json.dump(2) + "\n";
}

int Run(const Settings& settings, const Program& program) {
  if (settings.file.empty() == settings.agent.preset.empty())
    Fail("inspect: expected a file, a checkpoint's folder or --preset, one of them");
  if (settings.file.empty() || std::filesystem::is_directory(settings.file)) {
    InspectAgentSettings agent = settings.agent;
    agent.checkpoint = settings.file;
    agent.json = settings.json;
    return InspectAgent(agent, program);
  }
  const auto reader = std::make_shared<const DemoReader>(settings.file);
  DemoStatistics statistics;
  {
    ProgressBar bar(program.terminal, "demonstrations", std::max(reader->size(), 1), 0);
    statistics = Summarise(*reader, [&](int done) { bar.Update(done, ""); });
    bar.Finish();
  }
  PrintError(Tables(*reader, statistics, program.terminal));
  if (!settings.contact_sheet.empty()) {
    const std::filesystem::path scenes = FindScenes("", program.env_scenes, program.executable);
    WriteContactSheet(reader, scenes.string(), settings.contact_sheet, {.threads = QueryMachine().cores});
    PrintError(fmt::format("pictures  {}\n", settings.contact_sheet));
  }
  if (settings.json) PrintOutput(ToJson(*reader, statistics));
  return kDone;
}

}  // namespace

void AddInspect(CLI::App& app, Program& program) {
  const auto settings = std::make_shared<Settings>();
  CLI::App* verb =
      app.add_subcommand("inspect", "Say what is in a dataset, or what an agent weighs and costs");
  verb->add_option("file", settings->file, "HDF5 file of demonstrations, or a checkpoint's folder");
  verb->add_option("--preset", settings->agent.preset, "agent by its size: nano, 3b or 9b");
  verb->add_option("--text-tokens", settings->agent.text_tokens,
                   "length of the prompt that costs are counted for")
      ->capture_default_str();
  verb->add_option("--contact-sheet", settings->contact_sheet,
                   "PNG file to draw a row of pictures a task into");
  verb->add_flag("--json", settings->json, "print all figures on standard output");
  verb->callback([settings, &program] { program.exit_code = Run(*settings, program); });
}

}  // namespace deerbench
