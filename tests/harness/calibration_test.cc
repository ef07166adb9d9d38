#include "harness/policies/deer/calibration.h"

#include <catch2/catch.hpp>
#include <numeric>

#include "agent/config.h"
#include "agent/thresholds.h"
#include "base/error.h"
#include "base/random.h"
#include "tests/harness/example_records.h"

namespace deerbench {
namespace {

const std::vector<int> kLayers = {1, 3, 5};

// Differences that shrink from exit to exit, 1000 samples.
Calibration MakeCalibration() {
  Calibration calibration{"sha", "a test", "action", kLayers, {}};
  SplitMix64 random(5);
  for (int i = 0; i < 1000; ++i) {
    std::vector<ExitProbe> probes(kLayers.size());
    for (size_t k = 0; k < probes.size(); ++k)
      probes[k].difference = static_cast<float>(random.Uniform() / static_cast<double>(k + 1));
    calibration.Add(probes);
  }
  return calibration;
}

const ExitCosts kCosts{.layers = kLayers,
                       .mean_gmacs = {0.002, 0.004, 0.006},
                       .peak_gmacs = {0.003, 0.005, 0.007},
                       .ms = {1, 2, 3},
                       .mib = {10, 20, 30}};

// An agent that costs a million a layer and a letter, and holds a MiB a layer.
class Toy final : public AgentBackend {
 public:
  explicit Toy(ExitOptions exits) : exits_(std::move(exits)) {}
  void Reset(uint64_t) override {}
  AgentDecision Decide(const Observation&, std::string_view instruction) override {
    AgentDecision decision;
    decision.cost.exit_layer = exits_.LastLayer();
    decision.cost.llm_macs = static_cast<uint64_t>(exits_.LastLayer() + 1) * instruction.size() * 1'000'000;
    return decision;
  }
  PolicyMemory memory() const override {
    const double mib = exits_.LastLayer() + 1;
    return {.llm_weights_mib = mib, .all_weights_mib = 2 * mib};
  }

 private:
  ExitOptions exits_;
};

}  // namespace

TEST_CASE("Costs of the exits are those of the agent loaded up to each") {
  const ExitCosts costs = MeasureExitCosts(
      kLayers, {"ab", "abcd"}, 3, [](const ExitOptions& exits) { return std::make_unique<Toy>(exits); });
  CHECK(costs.layers == kLayers);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(costs.mean_gmacs.at(i) == Approx(0.006 * static_cast<double>(i + 1)));
    CHECK(costs.peak_gmacs.at(i) == Approx(0.008 * static_cast<double>(i + 1)));
  }
  CHECK(costs.mib == std::vector{4.0, 8.0, 12.0});
}

TEST_CASE("The exit of the first layer costs what it costs alone, and is not weighed on the way to others") {
  const auto measure = [](const std::vector<int>& layers) {
    const int model_layers = layers.back() + 1;
    return MeasureExitCosts(layers, {"ab"}, 0, [&](const ExitOptions& exits) {
      exits.Validate(model_layers);
      return std::make_unique<Toy>(exits);
    });
  };
  const ExitCosts every = measure({0, 1, 2});
  CHECK(every.layers == std::vector{0, 1, 2});
  CHECK(every.mib == std::vector{2.0, 4.0, 6.0});
  CHECK(measure({0}).mib == std::vector{2.0});
}

TEST_CASE("Peak, latency and memory budgets each fix the highest exit") {
  CHECK(HighestExit(kCosts, {}) == 2);
  CHECK(HighestExit(kCosts, {.peak_gmacs = 0.006}) == 1);
  CHECK(HighestExit(kCosts, {.ms = 1.5}) == 0);
  CHECK(HighestExit(kCosts, {.mib = 29.9}) == 1);
  CHECK(HighestExit(kCosts, {.peak_gmacs = 0.005, .mib = 30}) == 1);
  CHECK(HighestExit(kCosts, {.peak_gmacs = 1, .ms = 100, .mib = 10}) == 0);
}

TEST_CASE("A budget below the first exit is refused by its name") {
  CHECK_THROWS_WITH(HighestExit(kCosts, {.peak_gmacs = 0.002}),
                    "budget_peak_gmacs: 0.002, expected at least 0.003 GMACs for the first exit, layer 1");
  CHECK_THROWS_WITH(HighestExit(kCosts, {.ms = 0.5}),
                    Catch::StartsWith("budget_ms: 0.5, expected at least 1 ms"));
  CHECK_THROWS_WITH(HighestExit(kCosts, {.mib = 9}),
                    Catch::StartsWith("budget_mib: 9, expected at least 10 MiB"));
  CHECK_THROWS_WITH(SolveBudget(MakeCalibration(), kCosts, 2, 0.001, "exp"),
                    Catch::StartsWith("budget_gmacs: 0.001, expected at least 0.002 GMACs"));
}

TEST_CASE("Solved thresholds spend a mean budget and not more") {
  const Calibration calibration = MakeCalibration();
  for (const char* distribution : {"exp", "gauss", "gamma"}) {
    for (const double budget : {0.0021, 0.003, 0.004, 0.005, 0.0059}) {
      INFO(distribution << " " << budget);
      const ThresholdFile file = SolveBudget(calibration, kCosts, 2, budget, distribution);
      CHECK(file.expected_llm_gmacs <= budget * (1 + 1e-8));
      CHECK(file.expected_llm_gmacs > budget - 0.0002);
      CHECK(std::accumulate(file.expected_shares.begin(), file.expected_shares.end(), 0.0) == Approx(1));
      CHECK(file.exits.exit_layers == kLayers);
      CHECK(file.exits.thresholds.back() == kAlwaysExit);
    }
  }
}

TEST_CASE("A budget of the first exit takes it always, one of the last exit walks there always") {
  const Calibration calibration = MakeCalibration();
  const ThresholdFile least = SolveBudget(calibration, kCosts, 2, 0.002, "exp");
  CHECK(least.expected_shares.at(0) == Approx(1));
  const ThresholdFile most = SolveBudget(calibration, kCosts, 2, 0.006, "exp");
  CHECK(most.expected_shares.at(2) == Approx(1));
  CHECK(most.exits.thresholds.at(0) == kNeverExit);
  const ThresholdFile capped = SolveBudget(calibration, kCosts, 1, 0.0035, "exp");
  CHECK(capped.exits.exit_layers == std::vector{1, 3});
  CHECK(capped.expected_shares.size() == 2);
}

TEST_CASE("The first exit is skipped for what the config says, wherever the cross-attention stands") {
  AgentConfig own = PresetConfig("nano"), official = PresetConfig("9b");
  own.cross_attention.every_n_layers = 4;
  official.cross_attention.every_n_layers = 1;
  CHECK_FALSE(own.skip_first_exit);
  CHECK_FALSE(PresetConfig("3b").skip_first_exit);
  CHECK(official.skip_first_exit);
  const ThresholdFile file =
      SolveBudget(MakeCalibration(), kCosts, 2, 0.005, "exp", official.skip_first_exit);
  CHECK(file.expected_shares.at(0) == 0);
  CHECK(file.expected_shares.at(1) > 0);
}

TEST_CASE("Recorded differences are read as they were written, for their own weights alone") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "calibration.json";
  const Calibration written = MakeCalibration();
  WriteText(path, ToJson(written));
  CHECK(ReadCalibration(path, "sha", "action", kLayers).differences == written.differences);
  CHECK_THROWS_WITH(ReadCalibration(path, "other", "action", kLayers),
                    Catch::Contains("checkpoint_sha256: 'sha', expected other"));
  CHECK_THROWS_WITH(ReadCalibration(path, "sha", "action", {1, 3}),
                    Catch::Contains("expected one for each of 1, 3"));
  CHECK_THROWS_WITH(ReadCalibration(folder.path() / "none", "sha", "action", kLayers),
                    Catch::Contains("missing, expected"));
  for (const char* text : {"", "{}", R"({"schema": "deerbench.calibration/1", "checkpoint_sha256": "sha")"}) {
    WriteText(path, text);
    CHECK_THROWS_WITH(ReadCalibration(path, "sha", "action", kLayers),
                      Catch::StartsWith(path.string() + ": "));
  }
  Calibration ragged = written;
  ragged.differences[1].pop_back();
  WriteText(path, ToJson(ragged));
  CHECK_THROWS_WITH(ReadCalibration(path, "sha", "action", kLayers), Catch::Contains("a row of 999"));
  CHECK_THROWS_AS(ragged.Add({}), Error);
}

}  // namespace deerbench
