#include "harness/policies/deer/calibration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "agent/thresholds.h"
#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "harness/statistics.h"

namespace deerbench {
namespace {

constexpr std::string_view kSchema = "deerbench.calibration/1";
constexpr int kBisections = 50;
constexpr double kRounding = 1e-9;  // relative: a budget of just what an exit costs is enough

// Pictures of noise: what they show does not matter to what they cost.
Observation Noise() {
  Observation observation;
  SplitMix64 random(1);
  observation.rgb_static.resize(static_cast<size_t>(observation.static_size) * observation.static_size * 3);
  observation.rgb_gripper.resize(static_cast<size_t>(observation.gripper_size) * observation.gripper_size *
                                 3);
  for (uint8_t& value : observation.rgb_static) value = static_cast<uint8_t>(random.Next());
  for (uint8_t& value : observation.rgb_gripper) value = static_cast<uint8_t>(random.Next());
  return observation;
}

double MedianMilliseconds(AgentBackend& agent, const Observation& observation, const std::string& sentence,
                          int steps) {
  std::vector<double> times;
  for (int i = 0; i < steps; ++i) {
    const auto start = std::chrono::steady_clock::now();
    agent.Decide(observation, sentence);
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  return Describe(std::move(times)).p50;
}

Calibration Read(const nlohmann::json& json) {
  const std::string schema = json.at("schema");
  if (schema != kSchema) Fail(fmt::format("schema: '{}', expected {}", schema, kSchema));
  return {.checkpoint_sha256 = json.at("checkpoint_sha256"),
          .source = json.at("source"),
          .criterion = json.value("criterion", std::string(kDefaultCriterion)),
          .exit_layers = json.at("exit_layers"),
          .differences = json.at("differences")};
}

// Thresholds of the exits up to `highest` and the share of the samples that would take each.
struct Solution {
  std::vector<float> thresholds;
  std::vector<double> shares;
  double gmacs = 0;
};

Solution Solve(const Calibration& calibration, const ExitCosts& costs, size_t highest,
               ExitDistribution distribution, double ratio, bool skip_first) {
  const std::span rows(calibration.differences.data(), highest + 1);
  Solution solution;
  solution.thresholds = SolveThresholds(
      rows, ExitProbabilities(distribution, ratio, static_cast<int>(highest) + 1, skip_first && highest > 0));
  solution.shares.assign(highest + 1, 0);
  const size_t samples = rows[0].size();
  for (size_t i = 0; i < samples; ++i) {
    size_t exit = 0;
    while (exit < highest && rows[exit][i] > solution.thresholds[exit]) ++exit;
    solution.shares[exit] += 1.0 / static_cast<double>(samples);
  }
  for (size_t exit = 0; exit <= highest; ++exit)
    solution.gmacs += solution.shares[exit] * costs.mean_gmacs[exit];
  return solution;
}

// Ratios between which the distribution's weight moves from the first exit to the last.
std::pair<double, double> RatioRange(ExitDistribution distribution, size_t exits) {
  const double n = static_cast<double>(exits);
  switch (distribution) {
    case ExitDistribution::kExponential:
      return {1e-3, 1e2};
    case ExitDistribution::kGaussian:
      return {-5, n + 5};
    case ExitDistribution::kGamma:
      return {1e-2, 5 * n};
  }
  return {0, 1};
}

}  // namespace

ExitCosts MeasureExitCosts(const std::vector<int>& exit_layers, const std::vector<std::string>& sentences,
                           int timed_steps,
                           const std::function<std::unique_ptr<AgentBackend>(const ExitOptions&)>& make) {
  const Observation observation = Noise();
  ExitCosts costs;
  for (const int layer : exit_layers) {
    // Every exit is weighed and none is left by, up to this one: the dearest way there. Layer 0 has none
    // below it that it could be weighed against.
    std::vector<int> weighed = exit_layers;
    if (layer > 0) std::erase(weighed, 0);
    const std::vector<float> never(weighed.size(), kNeverExit);
    const auto agent = make(DynamicExits(weighed, never, layer));
    agent->Reset(0);
    std::vector<double> gmacs;
    for (const std::string& sentence : sentences)
      gmacs.push_back(static_cast<double>(agent->Decide(observation, sentence).cost.llm_macs) / 1e9);
    costs.layers.push_back(layer);
    costs.mean_gmacs.push_back(Mean(gmacs));
    costs.peak_gmacs.push_back(*std::max_element(gmacs.begin(), gmacs.end()));
    costs.mib.push_back(agent->memory().all_weights_mib);
    costs.ms.push_back(
        timed_steps > 0 ? MedianMilliseconds(*agent, observation, sentences.front(), timed_steps) : 0);
  }
  return costs;
}

void Calibration::Add(const std::vector<ExitProbe>& probes) {
  if (probes.size() != exit_layers.size())
    Fail(fmt::format("calibration: {} exits were weighed, expected {}", probes.size(), exit_layers.size()));
  differences.resize(exit_layers.size());
  for (size_t exit = 0; exit < probes.size(); ++exit) differences[exit].push_back(probes[exit].difference);
}

std::string ToJson(const Calibration& calibration) {
  const nlohmann::ordered_json json{{"schema", kSchema},
                                    {"checkpoint_sha256", calibration.checkpoint_sha256},
                                    {"source", calibration.source},
                                    {"criterion", calibration.criterion},
                                    {"exit_layers", calibration.exit_layers},
                                    {"differences", calibration.differences}};
  return json.dump() + "\n";
}

Calibration ReadCalibration(const std::filesystem::path& path, const std::string& checkpoint_sha256,
                            const std::string& criterion, const std::vector<int>& exit_layers) {
  const auto fail = [&](const std::string& what) { Fail(fmt::format("{}: {}", path.string(), what)); };
  if (!std::filesystem::is_regular_file(path))
    fail("missing, expected differences that `calibrate` recorded");
  Calibration calibration;
  try {
    calibration = Read(nlohmann::json::parse(ReadFile(path)));
  } catch (const nlohmann::json::exception& error) {
    fail(error.what());
  } catch (const Error& error) {
    fail(error.what());
  }
  if (calibration.checkpoint_sha256 != checkpoint_sha256)
    fail(fmt::format("checkpoint_sha256: '{}', expected {} as of the checkpoint's weights",
                     calibration.checkpoint_sha256, checkpoint_sha256));
  if (calibration.criterion != criterion)
    fail(fmt::format("criterion: '{}', expected {}", calibration.criterion, criterion));
  if (calibration.exit_layers != exit_layers || calibration.differences.size() != exit_layers.size())
    fail(fmt::format("{} rows for exits {}, expected one for each of {}", calibration.differences.size(),
                     fmt::join(calibration.exit_layers, ", "), fmt::join(exit_layers, ", ")));
  for (const std::vector<float>& row : calibration.differences) {
    if (row.empty() || row.size() != calibration.differences[0].size())
      fail(fmt::format("a row of {} differences, expected {} and more than none", row.size(),
                       calibration.differences[0].size()));
  }
  return calibration;
}

size_t HighestExit(const ExitCosts& costs, const Budget& budget) {
  size_t highest = costs.layers.size() - 1;
  const auto fit = [&](const char* name, const std::optional<double>& limit, const std::vector<double>& cost,
                       const char* unit) {
    if (!limit) return;
    const double most = *limit * (1 + kRounding);
    if (cost[0] > most)
      Fail(fmt::format("{}: {:g}, expected at least {:.4g} {} for the first exit, layer {}", name, *limit,
                       cost[0], unit, costs.layers[0]));
    while (cost[highest] > most) --highest;
  };
  if (budget.max_layers) {
    if (costs.layers[0] >= *budget.max_layers)
      Fail(fmt::format("max_layers: {}, expected at least {} for the first exit, layer {}",
                       *budget.max_layers, costs.layers[0] + 1, costs.layers[0]));
    while (costs.layers[highest] >= *budget.max_layers) --highest;
  }
  fit("budget_peak_gmacs", budget.peak_gmacs, costs.peak_gmacs, "GMACs");
  fit("budget_ms", budget.ms, costs.ms, "ms");
  fit("budget_mib", budget.mib, costs.mib, "MiB");
  return highest;
}

void CheckMeanBudget(const ExitCosts& costs, const Budget& budget) {
  if (!budget.gmacs || costs.mean_gmacs[0] <= *budget.gmacs * (1 + kRounding)) return;
  Fail(fmt::format("budget_gmacs: {:g}, expected at least {:.4g} GMACs for the first exit, layer {}",
                   *budget.gmacs, costs.mean_gmacs[0], costs.layers[0]));
}

ThresholdFile SolveBudget(const Calibration& calibration, const ExitCosts& costs, size_t highest,
                          std::optional<double> mean_gmacs, const std::string& distribution,
                          bool skip_first) {
  const ExitDistribution family = ExitDistributionByName(distribution);
  auto [low, high] = RatioRange(family, highest + 1);
  ThresholdFile file{.checkpoint = {},
                     .checkpoint_sha256 = calibration.checkpoint_sha256,
                     .source = calibration.source,
                     .samples = static_cast<int>(calibration.differences[0].size()),
                     .distribution = distribution,
                     .ratio = high,
                     .exits = {},
                     .expected_shares = {},
                     .expected_llm_gmacs = 0};
  // Without a mean budget nothing is saved: every step walks to the highest exit.
  const double most = mean_gmacs ? *mean_gmacs * (1 + kRounding) : costs.mean_gmacs[highest];
  CheckMeanBudget(costs, {.gmacs = mean_gmacs});
  Solution best;
  if (costs.mean_gmacs[highest] <= most) {
    best.thresholds.assign(highest + 1, kNeverExit);
    best.shares.assign(highest + 1, 0);
    best.shares[highest] = 1;
    best.gmacs = costs.mean_gmacs[highest];
  } else {
    best = {std::vector<float>(highest + 1, kAlwaysExit), std::vector<double>(highest + 1, 0),
            costs.mean_gmacs[0]};
    best.shares[0] = 1;
    file.ratio = low;
    for (int i = 0; i < kBisections; ++i) {
      const double ratio = (low + high) / 2;
      Solution solution = Solve(calibration, costs, highest, family, ratio, skip_first);
      if (solution.gmacs > most) {
        high = ratio;
        continue;
      }
      low = ratio;
      if (solution.gmacs >= best.gmacs) {
        best = std::move(solution);
        file.ratio = ratio;
      }
    }
  }
  file.exits = DynamicExits(costs.layers, best.thresholds, costs.layers[highest]);
  file.exits.criterion = calibration.criterion;
  file.expected_shares = best.shares;
  file.expected_llm_gmacs = best.gmacs;
  return file;
}

}  // namespace deerbench
