// Several runs side by side.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "harness/report/charts.h"
#include "harness/report/html.h"
#include "harness/report/sections.h"
#include "harness/run_start.h"

namespace deerbench {
namespace {

std::string Text(const Quantity& quantity) {
  return fmt::format("{}\u202f{}", quantity.value, quantity.unit);
}

std::string Chip(size_t run) { return fmt::format(R"(<i class="chip {}"></i>)", SeriesClass(run)); }

// One line of the overview; `cell` gives a run's text, empty for nothing to say. Left out if no run has any.
template <typename CellOf>
std::string Row(const std::string& title, const std::vector<RunData>& runs, CellOf cell) {
  std::string out;
  bool any = false;
  for (const RunData& run : runs) {
    const std::string text = cell(run);
    any = any || !text.empty();
    out += fmt::format(R"(<td class="num">{}</td>)", text.empty() ? "–" : text);
  }
  return any ? fmt::format(R"(<tr><th scope="row">{}</th>{}</tr>)", title, out) : "";
}

RunStart StartOf(const RunData& run) { return {run.chain_set, run.scene, run.foreign_assets}; }

// Chains that both runs have and that started alike: how many got further in `run` than in `base`, and how
// many less far.
std::string PairedText(const RunData& base, const RunData& run) {
  if (DifferenceOf(StartOf(run), StartOf(base))) return "";
  std::map<int, const ChainResult*> others;
  for (const ChainResult& chain : base.episodes) others[chain.index] = &chain;
  int better = 0, worse = 0, same = 0, sum = 0;
  for (const ChainResult& chain : run.episodes) {
    const auto other = others.find(chain.index);
    if (other == others.end() || other->second->tasks != chain.tasks) continue;
    const int change = chain.success - other->second->success;
    (change > 0 ? better : change < 0 ? worse : same) += 1;
    sum += change;
  }
  const int count = better + worse + same;
  if (count == 0) return "";
  const double mean = static_cast<double>(sum) / count;
  return fmt::format(R"({}{:.2f} <span class="dim">{} further, {} equal, {} less far</span>)",
                     mean < 0 ? "−" : "+", std::abs(mean), better, same, worse);
}

std::string Overview(const std::vector<RunData>& runs) {
  std::string head;
  for (size_t i = 0; i < runs.size(); ++i) {
    head += fmt::format(R"(<th scope="col" class="num">{}{}</th>)", Chip(i), Escape(runs[i].name));
  }
  using Run = const RunData&;
  const auto spread = [](const std::optional<Spread>& s, double Spread::*which, auto format) {
    return s ? Text(format((*s).*which)) : std::string();
  };
  std::string rows = Row("Policy", runs, [](Run r) { return Escape(r.policy); });
  rows += Row("Split", runs, [](Run r) { return Escape(SplitText(r.split)); });
  rows += Row("Chains", runs, [](Run r) { return fmt::format("{}", r.chains); });
  rows += Row("Average length", runs, [](Run r) {
    return fmt::format(R"(<b>{:.2f}</b> <span class="dim">{}</span>)", r.avg_len,
                       IntervalText(r.avg_len_ci95));
  });
  rows += Row("Against the first, paired", runs,
              [&](Run r) { return &r == &runs[0] ? std::string("base") : PairedText(runs[0], r); });
  for (size_t k = 0; k < runs[0].success_rate_at.size(); ++k) {
    rows += Row(fmt::format("{} in a row", k + 1), runs, [k](Run r) {
      return k < r.success_rate_at.size() ? Percent(r.success_rate_at[k]) : std::string();
    });
  }
  rows += Row("Language model, step", runs,
              [&](Run r) { return spread(r.llm_gmacs_per_step, &Spread::mean, Gmacs); });
  rows += Row("All computation, step", runs,
              [&](Run r) { return spread(r.total_gmacs_per_step, &Spread::mean, Gmacs); });
  rows += Row("Policy latency, p50", runs,
              [&](Run r) { return spread(r.policy_ms, &Spread::p50, Milliseconds); });
  rows += Row("Policy latency, p95", runs,
              [&](Run r) { return spread(r.policy_ms, &Spread::p95, Milliseconds); });
  rows += Row("All weights", runs,
              [](Run r) { return r.all_weights_mib ? Text(Mebibytes(*r.all_weights_mib)) : ""; });
  rows += Row("Largest worker", runs,
              [](Run r) { return r.rss_peak_mib ? Text(Mebibytes(*r.rss_peak_mib)) : ""; });
  return fmt::format(
      R"(<div class="card"><h2>Overview</h2><div class="scroll"><table class="figures overview">)"
      R"(<thead><tr><th></th>{}</tr></thead><tbody>{}</tbody></table></div></div>)",
      head, rows);
}

std::string TradeOff(const std::vector<RunData>& runs) {
  const bool llm = std::all_of(runs.begin(), runs.end(), [](const RunData& r) {
    return r.llm_gmacs_per_step.has_value() || !r.total_gmacs_per_step;
  });
  std::vector<TradeOffPoint> points;
  for (size_t i = 0; i < runs.size(); ++i) {
    const auto& cost = llm ? runs[i].llm_gmacs_per_step : runs[i].total_gmacs_per_step;
    if (cost) points.push_back({runs[i].name, i, cost->mean, runs[i].avg_len, runs[i].avg_len_ci95});
  }
  if (points.size() < 2) return "";
  return fmt::format(
      R"(<div class="card"><h2>Length over cost</h2><p class="dim">Average length with its 95 % )"
      R"(interval</p>{}</div>)",
      TradeOffChart(points, llm ? "GMACs of the language model per step (GFLOPs in the DeeR paper)"
                                : "GMACs per step"));
}

// A line a task: each run's rate and interval on one track.
std::string TaskDots(const std::vector<RunData>& runs) {
  std::vector<TaskRate> all;  // attempted in any run; with the first one's rate, for the order
  for (const RunData& run : runs) {
    for (const TaskRate& task : run.per_task) {
      const auto same = [&](const TaskRate& other) { return other.name == task.name; };
      if (task.attempts > 0 && std::none_of(all.begin(), all.end(), same)) all.push_back(task);
    }
  }
  std::string out;
  for (const FamilyRates& family : GroupByFamily(all)) {
    out += fmt::format(
        R"(<table class="tasks compare"><thead><tr><th scope="col">{}</th><th></th></tr></thead><tbody>)",
        Escape(family.title));
    for (const TaskRate& task : family.tasks) {
      std::string dots;
      std::string tip = task.name;
      for (size_t i = 0; i < runs.size(); ++i) {
        for (const TaskRate& rate : runs[i].per_task) {
          if (rate.name != task.name || rate.attempts == 0) continue;
          const double y = (static_cast<double>(i) + 0.5) / static_cast<double>(runs.size()) * 100;
          if (rate.ci95) {
            dots += fmt::format(
                R"(<span class="span {}" style="top:{:.1f}%;left:{:.1f}%;width:{:.1f}%"></span>)",
                SeriesClass(i), y, 100 * (*rate.ci95)[0], 100 * ((*rate.ci95)[1] - (*rate.ci95)[0]));
          }
          dots += fmt::format(R"(<span class="point {}" style="top:{:.1f}%;left:{:.1f}%"></span>)",
                              SeriesClass(i), y, 100 * rate.rate);
          tip += fmt::format("; {}: {} of {}", runs[i].name, rate.successes, rate.attempts);
        }
      }
      out += fmt::format(
          R"(<tr title="{}"><th scope="row">{}</th><td><span class="lanes" style="height:{}px">{}</span>)"
          R"(</td></tr>)",
          Escape(tip), Escape(TaskText(task.name)), 8 + 8 * runs.size(), dots);
    }
    out += "</tbody></table>";
  }
  if (out.empty()) return "";
  return fmt::format(
      R"(<section class="card"><h2>Tasks</h2><p class="dim">Success rate from 0 to 100 % with 95 % )"
      R"(Wilson intervals</p><div class="families">{}</div></section>)",
      out);
}

}  // namespace

std::string CompareSection(const std::vector<RunData>& runs) {
  std::vector<SuccessSeries> series;
  std::string legend;
  for (size_t i = 0; i < runs.size(); ++i) {
    series.push_back({runs[i].name, runs[i].success_rate_at, runs[i].success_rate_at_ci95});
    legend += fmt::format("<li>{}{}</li>", Chip(i), Escape(runs[i].name));
  }
  const std::string tradeoff = TradeOff(runs);
  std::string out = fmt::format(R"(<ul class="legend">{}</ul>)", legend);
  out += fmt::format(R"(<section class="grid single">{}</section>)", Overview(runs));
  out += fmt::format(
      R"(<section class="grid{}"><div class="card"><h2>Success in a row</h2><p class="dim">Chains )"
      R"(with at least so many instructions done, with 95 % intervals</p>{}</div>{}</section>)",
      tradeoff.empty() ? " single" : "", SuccessChart(series), tradeoff);
  return out + TaskDots(runs);
}

}  // namespace deerbench
