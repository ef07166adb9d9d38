// The gate between two runs.
#include "harness/comparison.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "harness/run_folder.h"
#include "tests/harness/example_records.h"

namespace deerbench {
namespace {

constexpr int kChains = 20;

// A finished run whose chain i did `lengths(i)` subtasks at `macs_scale` times the usual cost.
ComparedRun MakeRun(int (*length)(int), double macs_scale = 1) {
  const TemporaryFolder folder;
  RunWriter writer(folder.path() / "run", ExampleConfig(kChains), RunMode::kNew);
  for (int i = 0; i < kChains; ++i) {
    ChainRecord record = ExampleRecord(i);
    record.success = length(i);
    record.llm_macs = record.total_macs = 0;
    for (StepRecord& step : record.steps) {
      step.llm_macs = static_cast<uint64_t>(static_cast<double>(step.llm_macs) * macs_scale);
      step.total_macs = static_cast<uint64_t>(static_cast<double>(step.total_macs) * macs_scale);
      record.llm_macs += step.llm_macs;
      record.total_macs += step.total_macs;
    }
    writer.Commit(record);
  }
  writer.Finish();
  return LoadComparedRun(folder.path() / "run");
}

int Three(int) { return 3; }
int ThreeOrTwo(int i) { return i % 4 == 0 ? 2 : 3; }  // 0.25 less
int OneUpOneDown(int i) { return i % 2 == 0 ? 4 : 2; }

// The check of that name; the test fails if it was not made.
CompareCheck Find(const Comparison& comparison, const std::string& name) {
  for (const CompareCheck& check : comparison.checks) {
    if (check.name == name) return check;
  }
  FAIL("no check " << name);
  return {};
}

}  // namespace

TEST_CASE("a run keeps every limit against itself") {
  const ComparedRun run = MakeRun(Three);
  const Comparison comparison = Compare(run, run, {.max_latency_ratio = 1.0});
  CHECK(comparison.passed());
  CHECK(comparison.checks.size() == 4);
  CHECK(comparison.same_digest);
  CHECK(comparison.equal == kChains);
  CHECK(comparison.change_ci95 == std::array{0.0, 0.0});
}

TEST_CASE("five percent more MACs break a limit of two percent and keep one of five") {
  const ComparedRun base = MakeRun(Three), costly = MakeRun(Three, 1.05);
  const Comparison strict = Compare(base, costly, {});
  CHECK_FALSE(strict.passed());
  CHECK_FALSE(Find(strict, "max_llm_rise").passed);
  CHECK_FALSE(Find(strict, "max_total_rise").passed);
  CHECK(Find(strict, "max_drop_avg_len").passed);
  CHECK(Find(strict, "max_llm_rise").value == Approx(0.05));
  CHECK(Compare(base, costly, {.max_llm_rise = 0.05, .max_total_rise = 0.05}).passed());
  CHECK(Compare(costly, base, {}).passed());
}

TEST_CASE("a drop of the average length is judged by its size, at the limit it still passes") {
  const ComparedRun base = MakeRun(Three), worse = MakeRun(ThreeOrTwo);
  const Comparison comparison = Compare(base, worse, {});
  CHECK_FALSE(Find(comparison, "max_drop_avg_len").passed);
  CHECK(comparison.less_far == 5);
  CHECK(comparison.change_ci95[0] < -0.25);
  CHECK(comparison.change_ci95[1] > -0.25);
  CHECK(Compare(base, worse, {.max_drop_avg_len = 0.25}).passed());
  CHECK(Compare(worse, base, {.max_drop_avg_len = 0}).passed());
}

TEST_CASE("changes are paired by chain") {
  const Comparison comparison = Compare(MakeRun(Three), MakeRun(OneUpOneDown), {});
  CHECK(comparison.further == kChains / 2);
  CHECK(comparison.less_far == kChains / 2);
  CHECK(comparison.change_ci95[0] < -0.2);
  CHECK(comparison.change_ci95[1] > 0.2);
}

TEST_CASE("computation where the base had none breaks any limit") {
  const ComparedRun base = MakeRun(Three, 0), costly = MakeRun(Three);
  const Comparison comparison = Compare(base, costly, {.max_llm_rise = 1000});
  CHECK_FALSE(Find(comparison, "max_llm_rise").passed);
  CHECK(Compare(base, base, {}).passed());
  const auto json = nlohmann::json::parse(ToJson(comparison, base, costly));
  CHECK(json.at("llm_gmacs_per_step").at("rise").is_null());
  CHECK(json.at("passed") == false);
}

TEST_CASE("a slower policy breaks the limit on latency, if one is set") {
  const ComparedRun base = MakeRun(Three);
  ComparedRun slow = base;
  slow.summary.policy_ms.p50 *= 2;
  CHECK(Compare(base, slow, {}).passed());
  CHECK_FALSE(Compare(base, slow, {.max_latency_ratio = 1.5}).passed());
  CHECK(Compare(base, slow, {.max_latency_ratio = 2}).passed());
}

TEST_CASE("a summary that its episodes contradict fails the comparison") {
  const ComparedRun run = MakeRun(Three);
  ComparedRun edited = run;
  edited.summary.llm_gmacs_per_step.mean *= 0.9;
  const Comparison comparison = Compare(run, edited, {});
  CHECK_FALSE(comparison.passed());
  CHECK_THAT(Find(comparison, "records").text, Catch::Contains("llm_gmacs_per_step of summary.json"));
}

TEST_CASE("runs of other chains are not compared") {
  const ComparedRun base = MakeRun(Three);
  ComparedRun other = base;
  other.episodes.pop_back();
  CHECK_THROWS_WITH(Compare(base, other, {}), Catch::Contains("chains: 19, expected 20"));
  other = base;
  other.episodes[3].chain.state.led = !other.episodes[3].chain.state.led;
  CHECK_THROWS_WITH(Compare(base, other, {}), Catch::Contains("chain 3 differs"));
  other = base;
  other.summary.scene = std::string("A");
  CHECK_THROWS_WITH(Compare(base, other, {}), Catch::Contains("scene A, expected D"));
  other = base;
  other.summary.chain_set = "tuning";
  CHECK_THROWS_WITH(Compare(base, other, {}), Catch::Contains("chain set tuning"));
  other = base;
  other.summary.assets = "/calvin/data";
  CHECK_THROWS_WITH(Compare(base, other, {}), Catch::Contains("scenes of CALVIN's assets, expected our own"));
  CHECK_THROWS_AS(LoadComparedRun("/nowhere"), Error);
}

}  // namespace deerbench
