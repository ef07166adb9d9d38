// deerbench compare: a gate against regressions.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>

#include "base/error.h"
#include "harness/comparison.h"
#include "harness/terminal/comparison_table.h"
#include "harness/verbs/verb.h"

namespace deerbench {
namespace {

struct Settings {
  std::string base, now;
  CompareLimits limits;
  bool json = false;
};

int Run(const Settings& settings, const Program& program) {
  const ComparedRun base = LoadComparedRun(settings.base), now = LoadComparedRun(settings.now);
  const Comparison comparison = Compare(base, now, settings.limits);
  PrintError(ComparisonTable(comparison, program.terminal));
  if (settings.json) PrintOutput(ToJson(comparison, base, now));
  return comparison.passed() ? kDone : kCheckFailed;
}

// A finite number from 0 on, or "none".
std::optional<double> ParseLimit(const std::string& name, const std::string& text) {
  if (text == "none") return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0 && value <= 1e9))
    Fail(fmt::format("{}: '{}', expected a number from 0 on, or none", name, text));
  return value;
}

}  // namespace

void AddCompare(CLI::App& app, Program& program) {
  const auto settings = std::make_shared<Settings>();
  CLI::App* verb = app.add_subcommand(
      "compare", "Hold a run against a base, chain by chain; exit code 1 if a limit is broken");
  verb->add_option("base", settings->base, "folder of the run that is the measure")->required();
  verb->add_option("new", settings->now, "folder of the run that is judged")->required();
  const auto limit = [&](const std::string& option, std::optional<double> CompareLimits::*field,
                         const std::string& help) {
    const std::optional<double>& usual = settings->limits.*field;
    verb->add_option_function<std::string>(
        option,
        [settings, field, option](const std::string& text) {
          settings->limits.*field = ParseLimit(option.substr(2), text);
        },
        fmt::format("{}, or none (default {})", help, usual ? fmt::format("{:g}", *usual) : "none"));
  };
  limit("--max-drop-avg-len", &CompareLimits::max_drop_avg_len, "greatest drop of the average length");
  limit("--max-llm-rise", &CompareLimits::max_llm_rise,
        "greatest rise of the language model's MACs a step, as a fraction");
  limit("--max-total-rise", &CompareLimits::max_total_rise,
        "greatest rise of all MACs a step, as a fraction");
  limit("--max-latency-ratio", &CompareLimits::max_latency_ratio,
        "greatest ratio of the policy's median latencies");
  verb->add_flag("--json", settings->json, "print the comparison on standard output");
  verb->callback([settings, &program] { program.exit_code = Run(*settings, program); });
}

}  // namespace deerbench
