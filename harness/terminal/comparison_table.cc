#include "harness/terminal/comparison_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/report/terminal_table.h"

namespace deerbench {
namespace {

std::string Change(const Compared& compared) {
  const double rise = compared.Rise();
  return std::isinf(rise) ? "from none" : fmt::format("{:+.2f} %", 100 * rise);
}

std::string Figures(const Comparison& c, const Terminal& terminal) {
  Table table({{""}, {"base", Align::kRight}, {"new", Align::kRight}, {"change", Align::kRight}, {"95 %"}});
  for (int k = 0; k < kChainLength; ++k) {
    const Compared& rate = c.rate_at[k];
    table.Row({fmt::format("{} in a row", k + 1), fmt::format("{:.1f} %", 100 * rate.base),
               fmt::format("{:.1f} %", 100 * rate.now),
               fmt::format("{:+.1f} points", 100 * (rate.now - rate.base))});
  }
  table.Row({{"average length", Tone::kBold},
             fmt::format("{:.3f}", c.avg_len.base),
             fmt::format("{:.3f}", c.avg_len.now),
             {fmt::format("{:+.3f}", c.avg_len.now - c.avg_len.base), Tone::kBold},
             {fmt::format("{:+.3f} to {:+.3f}", c.change_ci95[0], c.change_ci95[1]), Tone::kDim}});
  table.Rule();
  const auto cost = [&](const char* title, const Compared& figure, const char* unit) {
    if (figure.base == 0 && figure.now == 0) return;
    table.Row({title, fmt::format("{:.4g} {}", figure.base, unit), fmt::format("{:.4g} {}", figure.now, unit),
               Change(figure)});
  };
  const bool small = std::max(c.total_gmacs.base, c.total_gmacs.now) < 0.1;
  const auto macs = [&](const char* title, const Compared& figure) {
    const double scale = small ? 1e3 : 1;
    cost(title, {scale * figure.base, scale * figure.now}, small ? "MMAC" : "GMAC");
  };
  macs("language model, a step", c.llm_gmacs);
  macs("all of the policy, a step", c.total_gmacs);
  cost("policy's median latency", c.policy_ms, "ms");
  return table.Render(terminal.width, terminal.color);
}

std::string Limits(const Comparison& c, const Terminal& terminal) {
  Table table({{"limit"}, {"at most", Align::kRight}, {""}, {"found"}});
  for (const CompareCheck& check : c.checks)
    table.Row({check.name, fmt::format("{:g}", check.limit),
               check.passed ? Cell("kept", Tone::kGood) : Cell("broken", Tone::kBad), check.text});
  return c.checks.empty() ? "" : table.Render(terminal.width, terminal.color);
}

}  // namespace

std::string ComparisonTable(const Comparison& c, const Terminal& terminal) {
  return fmt::format("\n{}\n{} chains in pairs: {} got further, {} equally far, {} less far{}\n\n{}",
                     Figures(c, terminal), c.chains, c.further, c.equal, c.less_far,
                     c.same_digest ? "; the digests are equal" : "", Limits(c, terminal));
}

}  // namespace deerbench
