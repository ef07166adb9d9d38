// What a run cost: computation, time, memory.
#include <fmt/format.h>

#include "harness/report/charts.h"
#include "harness/report/html.h"
#include "harness/report/sections.h"

namespace deerbench {
namespace {

std::string Both(const Quantity& quantity) {
  return fmt::format("{}\u202f{}", quantity.value, quantity.unit);
}

std::string Tile(const std::string& title, const Quantity& quantity, const std::string& note) {
  return fmt::format(R"(<div class="tile"><h3>{}</h3><p class="value">{}<span class="unit">{}</span></p>)"
                     R"(<p class="note">{}</p></div>)",
                     title, quantity.value, quantity.unit, note);
}

// "median per step; p95 4.9 ms"
std::string LatencyTile(const std::string& title, const std::optional<Spread>& spread) {
  if (!spread) return "";
  return Tile(title, Milliseconds(spread->p50),
              fmt::format("median per step, p95 {}", Both(Milliseconds(spread->p95))));
}

using Format = Quantity (*)(double);

std::string SpreadRow(const std::string& title, const std::optional<Spread>& spread, Format format) {
  if (!spread) return "";
  std::string out = fmt::format(R"(<tr><th scope="row">{}</th>)", title);
  for (const double value : {spread->mean, spread->p50, spread->p95, spread->max}) {
    out += fmt::format(R"(<td class="num">{}</td>)", value > 0 ? Both(format(value)) : "–");
  }
  return out + "</tr>";
}

std::string SpreadTable(const std::string& title, const std::string& rows) {
  if (rows.empty()) return "";
  return fmt::format(
      R"(<tbody><tr class="group"><th scope="col">{}</th><th class="num">mean</th><th class="num">p50</th>)"
      R"(<th class="num">p95</th><th class="num">max</th></tr>{}</tbody>)",
      title, rows);
}

std::string CostCard(const RunData& run) {
  const std::string macs = SpreadRow("Language model, step", run.llm_gmacs_per_step, Gmacs) +
                           SpreadRow("Everything, step", run.total_gmacs_per_step, Gmacs) +
                           SpreadRow("Language model, chain", run.llm_gmacs_per_episode, Gmacs) +
                           SpreadRow("Everything, chain", run.gmacs_per_episode, Gmacs);
  const std::string times = SpreadRow("Language model, step", run.llm_ms, Milliseconds) +
                            SpreadRow("Policy, step", run.policy_ms, Milliseconds) +
                            SpreadRow("Simulator, step", run.env_ms, Milliseconds);
  if (macs.empty() && times.empty()) return "";
  std::string note = "Every control step counts, those of failed subtasks too.";
  if (!macs.empty()) note += " One multiply-accumulate (MAC) is two floating-point operations.";
  return fmt::format(R"(<div class="card"><h2>Cost</h2><p class="dim">{}</p><div class="scroll">)"
                     R"(<table class="figures">{}{}</table></div></div>)",
                     note, SpreadTable("Multiply-accumulates", macs), SpreadTable("Latency", times));
}

std::string MemoryRow(const std::string& title, const std::optional<double>& mib) {
  if (!mib) return "";
  return fmt::format(R"(<tr><th scope="row">{}</th><td class="num">{}</td></tr>)", title,
                     Both(Mebibytes(*mib)));
}

std::string MemoryCard(const RunData& run) {
  const std::string rows = MemoryRow("Language model weights", run.llm_weights_mib) +
                           MemoryRow("All weights", run.all_weights_mib) +
                           MemoryRow("Largest worker at its peak", run.rss_peak_mib) +
                           MemoryRow("GPU at its peak", run.cuda_peak_mib);
  if (rows.empty()) return "";
  return fmt::format(
      R"(<div class="card"><h2>Memory</h2><table class="figures"><tbody>{}</tbody></table></div>)", rows);
}

std::string ExitCard(const RunData& run) {
  if (run.exit_histogram.empty() || run.steps == 0) return "";
  std::vector<Bar> bars;
  for (const auto& [layer, steps] : run.exit_histogram) {
    const double share = static_cast<double>(steps) / static_cast<double>(run.steps);
    bars.push_back({fmt::format("{}", layer + 1), share, Percent(share)});
  }
  std::string note = "Share of the steps that took each exit";
  if (run.layers_per_step)
    note += fmt::format("; {} layers per step on average", Figure(*run.layers_per_step));
  return fmt::format(R"(<div class="card"><h2>Exits</h2><p class="dim">{}</p>{}</div>)", note,
                     BarChart(bars, "layers up to the exit", "Share of steps by exit"));
}

}  // namespace

std::string TileSection(const RunData& run) {
  std::string tiles;
  if (run.llm_gmacs_per_step) {
    std::string note = "per step";
    if (run.total_gmacs_per_step)
      note += fmt::format(", with everything {}", Both(Gmacs(run.total_gmacs_per_step->mean)));
    tiles += Tile("Language model", Gmacs(run.llm_gmacs_per_step->mean), note);
  } else if (run.total_gmacs_per_step) {
    tiles += Tile("Computation", Gmacs(run.total_gmacs_per_step->mean), "per step");
  }
  tiles += LatencyTile("Policy latency", run.policy_ms) + LatencyTile("Simulator", run.env_ms);
  if (run.llm_weights_mib) {
    tiles += Tile("Weights", Mebibytes(run.all_weights_mib.value_or(*run.llm_weights_mib)),
                  fmt::format("resident, language model {}", Both(Mebibytes(*run.llm_weights_mib))));
  } else if (run.rss_peak_mib) {
    tiles += Tile("Memory", Mebibytes(*run.rss_peak_mib), "largest worker at its peak");
  }
  if (run.wall_s) {
    std::string note =
        run.workers > 0 ? fmt::format("{} worker{}", run.workers, run.workers == 1 ? "" : "s") : "";
    if (run.steps > 0) {
      const std::string rate = Figure(static_cast<double>(run.steps) / *run.wall_s);
      note += fmt::format("{}{} steps per second", note.empty() ? "" : ", ", rate);
    }
    tiles += Tile("Wall time", Duration(*run.wall_s), note);
  }
  return tiles.empty() ? "" : fmt::format(R"(<section class="tiles">{}</section>)", tiles);
}

std::string CostSection(const RunData& run) {
  const std::string cost = CostCard(run);
  const std::string beside = ExitCard(run) + MemoryCard(run);
  if (cost.empty() && beside.empty()) return "";
  const bool single = cost.empty() || beside.empty();
  return fmt::format(R"(<section class="grid {}"><div class="stack">{}</div>{}</section>)",
                     single ? "single" : "cost", beside, cost);
}

}  // namespace deerbench
