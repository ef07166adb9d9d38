// deerbench bench: how fast it is. What can be measured is a verb of its own below it.
#include "harness/verbs/bench.h"

#include <fmt/format.h>

#include "harness/report/terminal_table.h"
#include "harness/resources.h"

namespace deerbench {

TabletopScene LoadBenchScene(const BenchSettings& settings, const Program& program) {
  const std::string scenes = FindScenes(settings.scenes, program.env_scenes, program.executable).string();
  return LoadTabletopScene(settings.scene, scenes, settings.assets);
}

CLI::App* AddBenchVerb(CLI::App& bench, const std::string& name, const std::string& help,
                       BenchSettings& settings) {
  CLI::App* verb = bench.add_subcommand(name, help);
  verb->add_option("--scene", settings.scene, "A, B, C or D (default)");
  verb->add_option("--scenes", settings.scenes, "folder of our own scenes (default: as installed)");
  verb->add_option("--assets", settings.assets, "CALVIN's data folder: its scenes instead of ours");
  verb->add_flag("--json", settings.json, "print the figures on standard output");
  return verb;
}

void PrintTimings(const std::string& title, const std::vector<Timing>& timings, const BenchSettings& settings,
                  const Program& program, const std::map<std::string, double>& figures,
                  const std::string& gpu) {
  Table table({{title},
               {"median", Align::kRight},
               {"p10 to p90", Align::kRight},
               {"mean", Align::kRight},
               {"runs", Align::kRight}});
  for (const Timing& timing : timings) {
    table.Row({timing.name,
               {fmt::format("{:.3f}", timing.median_ms), Tone::kBold},
               {fmt::format("{:.3f} to {:.3f}", timing.p10_ms, timing.p90_ms), Tone::kDim},
               fmt::format("{:.3f}", timing.mean_ms),
               std::to_string(timing.runs)});
  }
  PrintError(table.Render(program.terminal.width, program.terminal.color));
  if (settings.json) PrintOutput(TimingsToJson(title, timings, figures, gpu));
}

void AddBench(CLI::App& app, Program& program) {
  CLI::App* bench = app.add_subcommand("bench", "Measure speed, in core-milliseconds");
  bench->require_subcommand(1);
  for (const auto add : {AddBenchSim, AddBenchRender, AddBenchFrames, AddBenchAgent}) add(*bench, program);
}

}  // namespace deerbench
