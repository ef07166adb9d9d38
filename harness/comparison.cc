#include "harness/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "harness/run_folder.h"
#include "harness/run_start.h"
#include "harness/statistics.h"

namespace deerbench {
namespace {

// Decimal limits and figures meet their binary neighbours: 2.0 - 1.9 is not above 0.1.
constexpr double kRounding = 1e-9;

double MeanMacs(const std::vector<ChainRecord>& episodes, uint64_t ChainRecord::*macs) {
  double sum = 0, steps = 0;
  for (const ChainRecord& record : episodes) {
    sum += static_cast<double>(record.*macs);
    steps += record.step_count;
  }
  return steps > 0 ? sum / steps / 1e9 : 0;
}

std::vector<double> Lengths(const std::vector<ChainRecord>& episodes) {
  std::vector<double> lengths;
  for (const ChainRecord& record : episodes) lengths.push_back(record.success);
  return lengths;
}

RunStart StartOf(const Summary& summary) {
  return {summary.chain_set, summary.scene, !summary.assets.empty()};
}

void CheckSameChains(const ComparedRun& base, const ComparedRun& now) {
  const auto fail = [&](const std::string& what, const auto& value, const auto& expected) {
    Fail(fmt::format("{}: {} {}, expected {} as in {}", now.folder.string(), what, value, expected,
                     base.folder.string()));
  };
  if (const auto difference = DifferenceOf(StartOf(now.summary), StartOf(base.summary)))
    fail(difference->what, difference->value, difference->expected);
  if (now.episodes.size() != base.episodes.size()) fail("chains:", now.episodes.size(), base.episodes.size());
  for (size_t i = 0; i < base.episodes.size(); ++i) {
    if (now.episodes[i].index != base.episodes[i].index)
      fail("chain", now.episodes[i].index, base.episodes[i].index);
    if (now.episodes[i].chain != base.episodes[i].chain)
      fail("chain", fmt::format("{} differs", now.episodes[i].index), "the same state and tasks");
  }
}

// What the summary says and the episodes do not; empty if they agree.
std::string Contradiction(const char* which, const ComparedRun& run) {
  const auto differs = [](double a, double b) {
    return std::abs(a - b) > 1e-6 * std::max(std::abs(a), std::abs(b));
  };
  const auto compare = [&](const char* name, double summary, double episodes) {
    return differs(summary, episodes) ? fmt::format("{}: {} of summary.json is {:g}, by the episodes {:g}",
                                                    which, name, summary, episodes)
                                      : std::string();
  };
  const std::array<std::string, 4> all = {
      compare("chains", run.summary.chains, static_cast<double>(run.episodes.size())),
      compare("avg_len", run.summary.avg_len, Mean(Lengths(run.episodes))),
      compare("llm_gmacs_per_step", run.summary.llm_gmacs_per_step.mean,
              MeanMacs(run.episodes, &ChainRecord::llm_macs)),
      compare("total_gmacs_per_step", run.summary.total_gmacs_per_step.mean,
              MeanMacs(run.episodes, &ChainRecord::total_macs))};
  const auto found = std::find_if(all.begin(), all.end(), [](const auto& text) { return !text.empty(); });
  return found == all.end() ? "" : *found;
}

std::string RiseText(const char* of, const Compared& compared, double rise) {
  if (std::isinf(rise)) return fmt::format("{}: from none to {:.6f} GMACs", of, compared.now);
  return fmt::format("{}: {:+.2f} % MACs", of, 100 * rise);
}

std::vector<CompareCheck> Checks(const Comparison& c, const CompareLimits& limits) {
  std::vector<CompareCheck> checks;
  const auto check = [&](const char* name, const std::optional<double>& limit, double value,
                         std::string text) {
    if (limit) checks.push_back({name, value, *limit, value <= *limit + kRounding, std::move(text)});
  };
  const double drop = c.avg_len.base - c.avg_len.now;
  check("max_drop_avg_len", limits.max_drop_avg_len, drop, fmt::format("average length: {:+.3f}", -drop));
  const double llm = c.llm_gmacs.Rise(), total = c.total_gmacs.Rise();
  check("max_llm_rise", limits.max_llm_rise, llm, RiseText("language model", c.llm_gmacs, llm));
  check("max_total_rise", limits.max_total_rise, total, RiseText("all of the policy", c.total_gmacs, total));
  const double ratio = 1 + c.policy_ms.Rise();
  check("max_latency_ratio", limits.max_latency_ratio, ratio,
        fmt::format("policy's median latency: {:.2f} times", ratio));
  return checks;
}

}  // namespace

double Compared::Rise() const {
  if (base > 0) return now / base - 1;
  return now > 0 ? std::numeric_limits<double>::infinity() : 0;
}

bool Comparison::passed() const {
  return std::all_of(checks.begin(), checks.end(), [](const CompareCheck& check) { return check.passed; });
}

ComparedRun LoadComparedRun(const std::filesystem::path& folder) {
  ComparedRun run{folder, ReadSummary(folder / "summary.json"), ReadEpisodes(folder)};
  if (run.episodes.empty())
    Fail(fmt::format("{}: no chains, expected at least one", (folder / "episodes.jsonl").string()));
  return run;
}

Comparison Compare(const ComparedRun& base, const ComparedRun& now, const CompareLimits& limits) {
  CheckSameChains(base, now);
  Comparison c;
  const std::vector<double> before = Lengths(base.episodes), after = Lengths(now.episodes);
  c.chains = static_cast<int>(before.size());
  c.avg_len = {Mean(before), Mean(after)};
  std::vector<double> changes;
  for (size_t i = 0; i < before.size(); ++i) {
    changes.push_back(after[i] - before[i]);
    (changes[i] > 0 ? c.further : changes[i] < 0 ? c.less_far : c.equal) += 1;
  }
  c.change_ci95 = BootstrapMeanInterval(changes);
  c.llm_gmacs = {base.summary.llm_gmacs_per_step.mean, now.summary.llm_gmacs_per_step.mean};
  c.total_gmacs = {base.summary.total_gmacs_per_step.mean, now.summary.total_gmacs_per_step.mean};
  c.policy_ms = {base.summary.policy_ms.p50, now.summary.policy_ms.p50};
  for (int k = 0; k < kChainLength; ++k)
    c.rate_at[k] = {base.summary.success_rate_at[k], now.summary.success_rate_at[k]};
  c.same_digest = base.summary.digest == now.summary.digest;

  c.checks = Checks(c, limits);
  for (const std::string& text : {Contradiction("base", base), Contradiction("new", now)}) {
    if (!text.empty()) c.checks.push_back({"records", 1, 0, false, text});
  }
  return c;
}

}  // namespace deerbench
