#include "harness/terminal/summary_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "harness/report/terminal_table.h"

namespace deerbench {
namespace {

std::string Percent(double fraction) { return fmt::format("{:.1f} %", 100 * fraction); }

std::string PercentInterval(const std::array<double, 2>& interval) {
  return fmt::format("{:.0f} to {:.0f} %", 100 * interval[0], 100 * interval[1]);
}

std::string_view FamilyTitle(TaskFamily family) {
  switch (family) {
    case TaskFamily::kRotate:
      return "Rotate";
    case TaskFamily::kPush:
      return "Push";
    case TaskFamily::kMoveSlider:
      return "Slider";
    case TaskFamily::kMoveDrawer:
      return "Drawer";
    case TaskFamily::kLift:
      return "Lift";
    case TaskFamily::kPlace:
      return "Place";
    case TaskFamily::kStack:
    case TaskFamily::kUnstack:
      return "Stack";
    case TaskFamily::kLightbulb:
    case TaskFamily::kLed:
      return "Lights";
    case TaskFamily::kPushIntoDrawer:
      return "Push into drawer";
  }
  return "";
}

std::string Chains(const Summary& s, const Terminal& terminal) {
  Table table(
      {{"subtasks in a row"}, {"rate", Align::kRight}, {"95 %", Align::kRight}, {"", Align::kLeft, 40}});
  for (int k = 0; k < kChainLength; ++k) {
    const double rate = s.success_rate_at[k];
    table.Row({fmt::format("{}", k + 1),
               {Percent(rate), ToneOfRate(rate)},
               {PercentInterval(s.success_rate_at_ci95[k]), Tone::kDim},
               Cell::Bar(rate)});
  }
  table.Rule();
  table.Row({{"average length", Tone::kBold},
             {fmt::format("{:.2f}", s.avg_len), Tone::kBold},
             {fmt::format("{:.2f} to {:.2f}", s.avg_len_ci95[0], s.avg_len_ci95[1]), Tone::kDim}});
  return table.Render(terminal.width, terminal.color);
}

std::string TasksBlock(const Summary& s, const Terminal& terminal) {
  Table table({{"task"},
               {"done", Align::kRight},
               {"rate", Align::kRight},
               {"95 %", Align::kRight},
               {"steps", Align::kRight},
               {""}});
  std::string_view section;
  for (const auto& [id, task] : s.per_task) {
    const std::string_view title = FamilyTitle(Tasks()[id].family);
    if (title != section) table.Section(std::string(section = title));
    table.Row({std::string(Tasks()[id].name),
               fmt::format("{}/{}", task.successes, task.attempts),
               {Percent(task.rate), ToneOfRate(task.rate)},
               {PercentInterval(task.ci95), Tone::kDim},
               task.successes > 0 ? fmt::format("{:.0f}", task.mean_steps) : "",
               Cell::Bar(task.rate)});
  }
  return table.Render(terminal.width, terminal.color);
}

// What a policy said when it gave up; empty if it never did.
std::string Reasons(const Summary& s, const Terminal& terminal) {
  Table table({{"gave up"}, {"times", Align::kRight}, {"because"}});
  bool any = false;
  for (const auto& [id, task] : s.per_task) {
    for (const auto& [reason, count] : task.reasons) {
      table.Row({std::string(Tasks()[id].name), std::to_string(count), reason});
      any = true;
    }
  }
  return any ? table.Render(terminal.width, terminal.color) + "\n" : "";
}

std::string Costs(const Summary& s, const Terminal& terminal) {
  Table table({{"a control step"},
               {"mean", Align::kRight},
               {"median", Align::kRight},
               {"p95", Align::kRight},
               {"greatest", Align::kRight}});
  const auto row = [&](const char* title, const Distribution& d, const char* unit) {
    const auto number = [&](double value) {
      return value > 0 && value < 0.01 ? fmt::format("< 0.01 {}", unit)
                                       : fmt::format("{:.2f} {}", value, unit);
    };
    table.Row({title, number(d.mean), number(d.p50), number(d.p95), number(d.max)});
  };
  if (s.total_gmacs_per_step.max > 0) {
    // Small agents in millions, whole rows in one unit.
    const bool small = s.total_gmacs_per_step.max < 0.1;
    const auto macs = [&](const char* title, Distribution d) {
      if (small) d = {1e3 * d.mean, 1e3 * d.p50, 1e3 * d.p95, 1e3 * d.max};
      row(title, d, small ? "MMAC" : "GMAC");
    };
    macs("language model", s.llm_gmacs_per_step);
    macs("all of the policy", s.total_gmacs_per_step);
  }
  if (s.llm_ms.max > 0) row("language model", s.llm_ms, "ms");
  row("policy", s.policy_ms, "ms");
  row("simulator", s.env_ms, "ms");
  return table.Render(terminal.width, terminal.color);
}

std::string Exits(const Summary& s, const Terminal& terminal) {
  if (s.exit_histogram.empty()) return "";
  Table table({{"layers up to the exit"}, {"steps", Align::kRight}, {"", Align::kLeft, 40}});
  for (const auto& [layer, count] : s.exit_histogram) {
    const double share = static_cast<double>(count) / static_cast<double>(s.steps);
    table.Row({fmt::format("{}", layer + 1), Percent(share), Cell::Bar(share)});
  }
  return table.Render(terminal.width, terminal.color) + "\n";
}

}  // namespace

std::string SummaryTable(const Summary& s, const Terminal& terminal) {
  std::string text = fmt::format("\n{}\n{}\n{}{}{}\n", Chains(s, terminal), TasksBlock(s, terminal),
                                 Reasons(s, terminal), Exits(s, terminal), Costs(s, terminal));
  text += fmt::format("{} steps in {} on {} worker{}, at most {:.0f} MiB a worker", s.steps,
                      FormatDuration(s.wall_s), s.workers, s.workers == 1 ? "" : "s", s.rss_peak_mib);
  if (s.memory.all_weights_mib > 0)
    text += fmt::format(", {:.1f} MiB of them weights", s.memory.all_weights_mib);
  return text + "\n";
}

}  // namespace deerbench
