// What a run cost: computation, time, memory.
#include <fmt/format.h>

#include "harness/report/charts.h"
#include "harness/report/html.h"
#include "harness/report/sections.h"

namespace deerbench {
namespace {

std::string Tile(const std::string& title, const Quantity& quantity, const std::string& note) {
  return fmt::format(
      R"(<div class="tile"><h3>{}</h3><p class="value">{}<span class="unit">{}</span></p><p class="note">{}</p></div>)",
      title, quantity.value, quantity.unit, note);
}

std::string Both(const Quantity& quantity) {
  return fmt::format("{}\u202f{}", quantity.value, quantity.unit);
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

std::string MemoryRow(const std::string& title, const std::optional<double>& mib) {
  if (!mib) return "";
  return fmt::format(R"(<tr><th scope="row">{}</th><td class="num">{}</td></tr>)", title,
                     Both(Mebibytes(*mib)));
}

std::string ExitCard(const RunData& run) {
  if (run.exit_histogram.empty() || run.steps == 0) return "";
  std::vector<Bar> bars;
  for (const auto& [layer, steps] : run.exit_histogram) {
    const double share = static_cast<double>(steps) / static_cast<double>(run.steps);
    bars.push_back({fmt::format("{}", layer + 1), share, Percent(share)});
  }
  std::string note = "Share of steps by the number of layers run up to the exit";
  if (run.layers_per_step) note += fmt::format("; {} layers a step on average", Figure(*run.layers_per_step));
  return fmt::format(R"(<div class="card"><h2>Exits</h2><p class="dim">{}</p>{}</div>)", note,
                     BarChart(bars, "layers up to the exit", "Share of steps by exit"));
}

}  // namespace

std::string TileSection(const RunData& run) {
  std::string tiles;
  if (run.llm_gmacs_per_step) {
    std::string note = "a step, cross-attention included";
    if (run.total_gmacs_per_step)
      note = fmt::format("a step; {} with everything", Both(Gmacs(run.total_gmacs_per_step->mean)));
    tiles += Tile("Language model", Gmacs(run.llm_gmacs_per_step->mean), note);
  } else if (run.total_gmacs_per_step) {
    tiles += Tile("Computation", Gmacs(run.total_gmacs_per_step->mean), "a step, everything included");
  }
  if (run.policy_ms) {
    tiles += Tile("Policy latency", Milliseconds(run.policy_ms->p50),
                  fmt::format("median step; 95th percentile {}", Both(Milliseconds(run.policy_ms->p95))));
  }
  if (run.env_ms) {
    tiles += Tile("Simulator", Milliseconds(run.env_ms->p50),
                  fmt::format("median step; 95th percentile {}", Both(Milliseconds(run.env_ms->p95))));
  }
  if (run.llm_weights_mib) {
    tiles += Tile("Weights", Mebibytes(run.all_weights_mib.value_or(*run.llm_weights_mib)),
                  fmt::format("resident; language model {}", Both(Mebibytes(*run.llm_weights_mib))));
  } else if (run.rss_peak_mib) {
    tiles += Tile("Memory", Mebibytes(*run.rss_peak_mib), "largest worker at its peak");
  }
  if (run.wall_s) {
    std::string note =
        run.workers > 0 ? fmt::format("{} worker{}", run.workers, run.workers == 1 ? "" : "s") : "";
    if (run.steps > 0) {
      note += fmt::format("{}{} steps a second", note.empty() ? "" : ", ",
                          Figure(static_cast<double>(run.steps) / *run.wall_s));
    }
    tiles += Tile("Wall time", Duration(*run.wall_s), note);
  }
  return tiles.empty() ? "" : fmt::format(R"(<section class="tiles">{}</section>)", tiles);
}

std::string CostSection(const RunData& run) {
  const std::string rows = SpreadRow("Language model, a step", run.llm_gmacs_per_step, Gmacs) +
                           SpreadRow("Everything, a step", run.total_gmacs_per_step, Gmacs) +
                           SpreadRow("Language model, a chain", run.llm_gmacs_per_episode, Gmacs) +
                           SpreadRow("Everything, a chain", run.gmacs_per_episode, Gmacs);
  const std::string times = SpreadRow("Language model, a step", run.llm_ms, Milliseconds) +
                            SpreadRow("Policy, a step", run.policy_ms, Milliseconds) +
                            SpreadRow("Simulator, a step", run.env_ms, Milliseconds);
  const std::string memory = MemoryRow("Language model weights", run.llm_weights_mib) +
                             MemoryRow("All weights", run.all_weights_mib) +
                             MemoryRow("Largest worker at its peak", run.rss_peak_mib) +
                             MemoryRow("GPU at its peak", run.cuda_peak_mib);
  const auto table = [](const std::string& title, const std::string& body) {
    return body.empty()
               ? ""
               : fmt::format(
                     R"(<tbody><tr class="group"><th scope="col">{}</th><th class="num">mean</th><th class="num">p50</th><th class="num">p95</th><th class="num">max</th></tr>{}</tbody>)",
                     title, body);
  };
  std::string cost = table("Multiply-accumulates", rows) + table("Latency", times);
  if (!cost.empty())
    cost = fmt::format(R"(<div class="scroll"><table class="figures">{}</table></div>)", cost);
  if (!memory.empty()) {
    cost += fmt::format(
        R"(<table class="figures"><tbody><tr class="group"><th scope="col" colspan="2">Memory</th></tr>{}</tbody></table>)",
        memory);
  }
  const std::string exits = ExitCard(run);
  if (cost.empty())
    return exits.empty() ? "" : fmt::format(R"(<section class="grid single">{}</section>)", exits);
  const std::string note = rows.empty() ? "Every control step counts, those of failed subtasks too."
                                        : "Every control step counts, those of failed subtasks too. One "
                                          "multiply-accumulate is two floating-point operations.";
  return fmt::format(
      R"(<section class="grid{}">{}<div class="card"><h2>Cost</h2><p class="dim">{}</p>{}</div></section>)",
      exits.empty() ? " single" : "", exits, note, cost);
}

}  // namespace deerbench
