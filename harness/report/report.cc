#include "harness/report/report.h"

#include <fmt/format.h>

#include <string>

#include "base/atomic_file.h"
#include "base/error.h"
#include "harness/report/charts.h"
#include "harness/report/html.h"
#include "harness/report/resources.h"
#include "harness/report/run_data.h"
#include "harness/report/sections.h"

namespace deerbench {
namespace {

std::string RunBody(const RunData& run, const ReportOptions& options) {
  return HeadlineSection(run) + TileSection(run) + VideoSection(run, options) + TaskSection(run) +
         CostSection(run) + ChainMapSection(run) + GallerySection(run, options) + OriginSection(run);
}

std::string Subtitle(const RunData& run) {
  return fmt::format("{} chains of {} instructions in scene {}, seed {}", run.chains,
                     run.success_rate_at.size(), run.scene.empty() ? run.split : run.scene, run.seed);
}

std::string Page(const std::string& title, const std::string& subtitle, const std::string& body,
                 const std::string& version) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta name=\"color-scheme\" content=\"light dark\"><title>{0} · "
      "deerbench</title>\n<style>\n{1}</style></head>\n"
      "<body><header class=\"top\"><p class=\"brand\">deerbench</p><h1>{0}</h1><p "
      "class=\"dim\">{2}</p></header>\n"
      "<main>\n{3}</main>\n<footer class=\"dim\">deerbench "
      "{4}</footer>\n<script>\n{5}</script></body></html>\n",
      Escape(title), kReportCss, Escape(subtitle), body, Escape(version), kReportJs);
}

}  // namespace

void WriteReport(const std::vector<std::filesystem::path>& run_folders, const std::filesystem::path& out_html,
                 const ReportOptions& options) {
  Require(!run_folders.empty(), "report: 0 run folders: expected at least one");
  std::vector<RunData> runs;
  for (const std::filesystem::path& folder : run_folders) runs.push_back(LoadRun(folder));
  if (runs.size() == 1) {
    WriteFileAtomically(
        out_html, Page(RunTitle(runs[0]), Subtitle(runs[0]), RunBody(runs[0], options), runs[0].version));
    return;
  }
  std::string body = CompareSection(runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    body += fmt::format(
        R"(<details class="run"><summary><i class="chip {}"></i><b>{}</b> <span class="dim">{}; {})"
        R"(</span></summary>{}</details>)",
        SeriesClass(i), Escape(runs[i].name), Escape(RunTitle(runs[i])), Escape(Subtitle(runs[i])),
        RunBody(runs[i], options));
  }
  WriteFileAtomically(out_html, Page(fmt::format("{} runs side by side", runs.size()),
                                     "The first one is the base of the comparison", body, runs[0].version));
}

}  // namespace deerbench
