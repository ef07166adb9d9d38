#include "harness/report/training_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/atomic_file.h"
#include "base/file.h"
#include "base/version.h"
#include "harness/report/html.h"
#include "harness/report/resources.h"

namespace deerbench {
namespace {

constexpr double kWidth = 460, kHeight = 262, kLeft = 52, kRight = 8, kTop = 22, kBase = 214;
constexpr size_t kMaxPoints = 200;  // of a curve: more are averaged in groups

// Means of groups of neighbours, so that noise does not hide the course.
std::vector<std::pair<double, double>> Thin(const std::vector<std::pair<double, double>>& points) {
  const size_t group = (points.size() + kMaxPoints - 1) / kMaxPoints;
  if (group <= 1) return points;
  std::vector<std::pair<double, double>> thin;
  for (size_t i = 0; i < points.size(); i += group) {
    const size_t end = std::min(points.size(), i + group);
    double value = 0;
    for (size_t k = i; k < end; ++k) value += points[k].second;
    thin.emplace_back(points[end - 1].first, value / static_cast<double>(end - i));
  }
  return thin;
}

struct Panel {
  const char* title;
  std::vector<std::pair<const char*, const char*>> keys;  // key in the metrics, name of the curve
};

const std::vector<Panel>& VisionPanels() {
  static const std::vector<Panel> kPanels = {{"loss", {{"loss", "loss"}}},
                                             {"mean error, mm",
                                              {{"block_mm", "block"},
                                               {"block_in_hand_mm", "block, from the hand"},
                                               {"slider_mm", "slider"},
                                               {"drawer_mm", "drawer"}}}};
  return kPanels;
}

const std::vector<Panel>& CloningPanels() {
  static const std::vector<Panel> kPanels = {{"loss, sum of all heads", {{"loss", "loss"}}},
                                             {"loss of the pose",
                                              {{"pose_first_exit", "first exit"},
                                               {"pose_last_exit", "last exit"},
                                               {"pose_any_exit", "any exit, shared head"}}}};
  return kPanels;
}

using Lines = std::vector<nlohmann::json>;

void AddCurves(const Lines& lines, const Panel& panel, bool test, std::vector<Curve>& curves) {
  for (size_t i = 0; i < panel.keys.size(); ++i) {
    const auto& [key, name] = panel.keys[i];
    Curve curve{std::string(name) + (test ? ", test" : ""), {}, static_cast<int>(i), test};
    for (const auto& line : lines) {
      if (line.contains(key) && line[key].is_number())
        curve.points.emplace_back(line.value("step", 0.0), line[key].get<double>());
    }
    if (!curve.points.empty()) curves.push_back(std::move(curve));
  }
}

std::string Section(const std::string& stage, const Lines& training, const Lines& test) {
  const nlohmann::json& last = training.back();
  std::string out = fmt::format(
      R"(<section class="card"><h2>{}</h2><p class="dim">step {}, {} lines</p><div class="grid">)",
      Escape(stage), last.value("step", 0), training.size());
  for (const Panel& panel : stage == "vision" ? VisionPanels() : CloningPanels()) {
    std::vector<Curve> curves;
    AddCurves(training, panel, false, curves);
    AddCurves(test, panel, true, curves);
    out += CurveChart(curves, panel.title);
  }
  return out + "</div></section>\n";
}

}  // namespace

std::string CurveChart(const std::vector<Curve>& curves, const std::string& title) {
  double first = INFINITY, last = -INFINITY, low = INFINITY, high = 0;
  for (const Curve& curve : curves) {
    for (const auto& [step, value] : curve.points) {
      if (!(value > 0)) continue;
      first = std::min(first, step);
      last = std::max(last, step);
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  std::string out = fmt::format(
      R"(<figure><svg class="chart" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}"><title>{}</title>)",
      kWidth, kHeight, Escape(title), Escape(title));
  if (!(high > 0)) return out + "</svg></figure>";
  const double bottom = std::log(low), span = std::max(1e-6, std::log(high) - bottom);
  const auto x_of = [&](double step) {
    return kLeft + (step - first) / std::max(1.0, last - first) * (kWidth - kLeft - kRight);
  };
  const auto y_of = [&](double value) { return kBase - (std::log(value) - bottom) / span * (kBase - kTop); };
  for (int i = 0; i <= 4; ++i) {
    const double value = std::exp(bottom + span * i / 4), y = y_of(value);
    out += fmt::format(
        R"(<line x1="{:.0f}" y1="{:.1f}" x2="{:.0f}" y2="{:.1f}" class="{}"/><text x="{:.0f}" y="{:.1f}" class="tick end">{}</text>)",
        kLeft, y, kWidth - kRight, y, i == 0 ? "axis" : "grid", kLeft - 8, y + 4, Figure(value));
  }
  out += fmt::format(R"(<text x="{:.0f}" y="{:.0f}" class="tick">{:.0f}</text>)", kLeft, kBase + 19, first);
  out += fmt::format(R"(<text x="{:.0f}" y="{:.0f}" class="tick end">step {:.0f}</text>)", kWidth - kRight,
                     kBase + 19, last);
  std::string legend;
  for (size_t i = 0; i < curves.size(); ++i) {
    std::string points;
    double latest = 0;
    for (const auto& [step, value] : Thin(curves[i].points)) {
      if (!(value > 0)) continue;
      points += fmt::format("{:.1f},{:.1f} ", x_of(step), y_of(value));
      latest = value;
    }
    out += fmt::format(
        R"svg(<polyline points="{}" fill="none" style="stroke:var(--s{})" stroke-width="1.8"{}/>)svg", points,
        curves[i].color, curves[i].dashed ? R"( stroke-dasharray="4 3")" : "");
    legend += fmt::format("{}<span style=\"color:var(--s{})\">●</span> {} {}", i ? " · " : "",
                          curves[i].color, Escape(curves[i].name), Figure(latest));
  }
  return out + fmt::format("</svg><figcaption>{}: {}</figcaption></figure>", Escape(title), legend);
}

void WriteTrainingPage(const std::filesystem::path& metrics, const std::filesystem::path& page,
                       const std::string& title) {
  std::map<std::string, Lines> stages;
  std::vector<std::string> order;
  std::istringstream text(ReadFile(metrics));
  for (std::string line; std::getline(text, line);) {
    auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !json.contains("stage") || !json["stage"].is_string()) continue;
    const std::string stage = json["stage"];
    if (!stages.contains(stage) && !stage.ends_with("_test") && !stage.ends_with("_rollouts"))
      order.push_back(stage);
    stages[stage].push_back(std::move(json));
  }
  std::string body;
  for (const std::string& stage : order) {
    const std::string rollouts = stage + "_rollouts";
    if (stages.contains(rollouts)) {
      const nlohmann::json& last = stages[rollouts].back();
      body += fmt::format("<p>{}: {} subtasks played by the agent of before, {} succeeded</p>\n",
                          Escape(stage), last.value("step", 0), Percent(last.value("success_rate", 0.0)));
    }
    body += Section(stage, stages[stage], stages[stage + "_test"]);
  }
  WriteFileAtomically(
      page,
      fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                  "<meta name=\"color-scheme\" content=\"light dark\"><title>{0} · deerbench</title>\n"
                  "<style>\n{1}</style></head>\n<body><header class=\"top\"><p class=\"brand\">deerbench</p>"
                  "<h1>{0}</h1><p class=\"dim\">training</p></header>\n<main>\n{2}</main>\n"
                  "<footer class=\"dim\">deerbench {3}</footer></body></html>\n",
                  Escape(title), kReportCss, body, Version()));
}

}  // namespace deerbench
