// deerbench report: one HTML page of one or several runs.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "harness/report/report.h"
#include "harness/verbs/verb.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

struct Settings {
  std::vector<std::string> runs;
  std::string out;
};

int Run(const Settings& settings) {
  std::vector<fs::path> folders;
  for (const std::string& run : settings.runs) {
    if (!fs::exists(fs::path(run) / "summary.json"))
      Fail(fmt::format("run: '{}', expected the folder of a finished run, with summary.json", run));
    folders.emplace_back(run);
  }
  const fs::path out = settings.out.empty() ? folders.front() / "report.html" : fs::path(settings.out);
  WriteReport(folders, out);
  PrintError(fmt::format("report {}\n", out.string()));
  return kDone;
}

}  // namespace

void AddReport(CLI::App& app, Program& program) {
  const auto settings = std::make_shared<Settings>();
  CLI::App* verb = app.add_subcommand("report", "Write an HTML page of one or several runs");
  verb->add_option("runs", settings->runs, "run folders, the first one is compared with")->required();
  verb->add_option("--out", settings->out, "file to write (default: report.html in the first folder)");
  verb->callback([settings, &program] { program.exit_code = Run(*settings); });
}

}  // namespace deerbench
