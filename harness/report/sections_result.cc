// What a run achieved: headline, success in a row, every chain at a glance, every task.
#include <fmt/format.h>

#include <algorithm>

#include "harness/report/charts.h"
#include "harness/report/html.h"
#include "harness/report/sections.h"

namespace deerbench {
namespace {

size_t ChainLength(const RunData& run) { return run.success_rate_at.size(); }

// How many chains ended after 0, 1, ... subtasks: from the rates, which exist without episodes too.
std::string LengthChart(const RunData& run) {
  std::vector<Bar> bars;
  for (size_t k = 0; k <= ChainLength(run); ++k) {
    const double at_least = k == 0 ? 1 : run.success_rate_at[k - 1];
    const double more = k < ChainLength(run) ? run.success_rate_at[k] : 0;
    const double chains = (at_least - more) * run.chains;
    bars.push_back({fmt::format("{}", k), chains, fmt::format("{:.0f}", chains)});
  }
  return BarChart(bars, "chains by instructions done before the first failure", "Chains by length");
}

// A bar of the rate with the interval over it. Positions are percentages of the track.
std::string RateBar(double rate, const std::optional<Interval>& ci95) {
  const char* tone = rate >= 0.9 ? "good" : rate >= 0.5 ? "fair" : "bad";
  std::string out = fmt::format(R"(<span class="track"><span class="fill {}" style="width:{:.1f}%"></span>)",
                                tone, 100 * rate);
  if (ci95) {
    out += fmt::format(R"(<span class="ci" style="left:{:.1f}%;width:{:.1f}%"></span>)", 100 * (*ci95)[0],
                       100 * ((*ci95)[1] - (*ci95)[0]));
  }
  return out + "</span>";
}

std::string TaskRow(const TaskRate& task) {
  std::string tip = fmt::format("{}: {} of {}", task.name, task.successes, task.attempts);
  if (task.ci95) tip += fmt::format(", 95 % interval {} %", IntervalText(task.ci95, 100, 1));
  std::string out = fmt::format(
      R"(<tr title="{}"><th scope="row">{}</th><td class="bar">{}</td><td class="num rate">{}</td>)"
      R"(<td class="num dim of">{}/{}</td><td class="num dim steps">{}</td></tr>)",
      Escape(tip), Escape(TaskText(task.name)), RateBar(task.rate, task.ci95), Percent(task.rate),
      task.successes, task.attempts, task.mean_steps ? fmt::format("{:.0f}", *task.mean_steps) : "–");
  for (const auto& [reason, count] : task.reasons) {
    out += fmt::format(R"(<tr class="reason"><td colspan="4">{}× could not act: {}</td></tr>)", count,
                       Escape(reason));
  }
  return out;
}

std::string FamilyTable(const FamilyRates& family) {
  int attempts = 0, successes = 0;
  std::string rows;
  for (const TaskRate& task : family.tasks) {
    attempts += task.attempts;
    successes += task.successes;
    rows += TaskRow(task);
  }
  return fmt::format(
      R"(<table class="tasks"><thead><tr><th scope="col">{}</th><th class="bar"></th>)"
      R"(<th class="num rate">{}</th><th class="num dim of">{}/{}</th><th class="num dim steps">steps)"
      R"(</th></tr></thead><tbody>{}</tbody></table>)",
      Escape(family.title), Percent(static_cast<double>(successes) / attempts), successes, attempts, rows);
}

}  // namespace

std::string RunTitle(const RunData& run) {
  std::string policy = run.policy;
  if (!policy.empty() && policy[0] >= 'a' && policy[0] <= 'z')
    policy[0] = static_cast<char>(policy[0] - 'a' + 'A');
  return fmt::format("{} on {}", policy, SplitText(run.split));
}

std::string HeadlineSection(const RunData& run) {
  const size_t length = ChainLength(run);
  std::string interval;
  if (run.avg_len_ci95) {
    interval = fmt::format("95{}% interval {:.2f} – {:.2f}", "\u202f", (*run.avg_len_ci95)[0],
                           (*run.avg_len_ci95)[1]);
  }
  std::string out = fmt::format(
      R"(<section class="grid hero"><div class="card lead"><h2>Average length</h2><p class="figure">)"
      R"({:.2f}<span class="of">of {}</span></p><p class="dim">{}</p>{}</div>)",
      run.avg_len, length, interval, LengthChart(run));
  out +=
      fmt::format(R"(<div class="card"><h2>Success in a row</h2><p class="dim">Chains with at least so many )"
                  R"(instructions done, with 95{}% intervals</p>{}</div></section>)",
                  "\u202f", SuccessChart({{run.policy, run.success_rate_at, run.success_rate_at_ci95}}));
  return out;
}

std::string TaskSection(const RunData& run) {
  const std::vector<FamilyRates> families = GroupByFamily(run.per_task);
  if (families.empty()) return "";
  std::string out =
      R"(<section class="card"><h2>Tasks</h2><p class="dim">Successes of attempts; the line on each )"
      R"(bar is the 95 % Wilson interval; steps are the mean of the successes at 30 a second.</p>)"
      R"(<div class="families">)";
  for (const FamilyRates& family : families) out += FamilyTable(family);
  return out + "</div></section>";
}

std::string ChainMapSection(const RunData& run) {
  const std::string mosaic = ChainMosaic(run.episodes);
  if (mosaic.empty()) return "";
  return fmt::format(
      R"(<section class="card"><h2>Every chain</h2><p class="dim">A column is a chain, read from the )"
      R"(bottom up: <span class="key done"></span>done <span class="key failed"></span>failed )"
      R"(<span class="key open"></span>not reached</p>{}</section>)",
      mosaic);
}

}  // namespace deerbench
