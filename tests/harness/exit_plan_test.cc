#include "harness/policies/deer/exit_plan.h"

#include <catch2/catch.hpp>

#include "agent/thresholds.h"
#include "base/error.h"
#include "tests/harness/example_records.h"

namespace deerbench {
namespace {

const std::vector<int> kLayers = {1, 3, 5, 7};

}  // namespace

TEST_CASE("A plan as text comes back as it was") {
  for (const char* text : {"1:0.0213,3:0.5,7", "3", "7", "1:-100000000,3:1e-09,5"}) {
    INFO(text);
    CHECK(ToText(ExitsFromText(text, kLayers)) == text);
  }
  const ExitOptions exits = ExitsFromText("1:0.25,5", kLayers);
  CHECK(exits.exit_layers == std::vector{1, 5});
  CHECK(exits.thresholds == std::vector{0.25f, kAlwaysExit});
  CHECK(exits.LastLayer() == 5);
}

TEST_CASE("Exits above the highest one are dropped and that one is always taken") {
  const ExitOptions exits = DynamicExits(kLayers, {0.1f, 0.2f, 0.3f, kAlwaysExit}, 3);
  CHECK(ToText(exits) == "1:0.1,3");
  CHECK_THROWS_AS(DynamicExits(kLayers, {0.1f, 0.2f, 0.3f, kAlwaysExit}, 4), Error);
  CHECK(ToText(StaticExit(5)) == "5");
}

TEST_CASE("A plan that the agent cannot follow is refused by its text") {
  for (const char* text : {"", "2", "1:0.1", "1,3", "3:0.1,1", "1:0.1,1", "1:0.1,9", "1:x,3", "1:nan,3",
                           "1:0.1,3,", "one:0.1,3", "1:0.1:2,3"}) {
    INFO(text);
    CHECK_THROWS_WITH(ExitsFromText(text, kLayers),
                      Catch::StartsWith("exit_plan: '" + std::string(text) + "': "));
  }
}

TEST_CASE("A file of thresholds is read as it was written") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "thresholds.json";
  const ThresholdFile written{.checkpoint = "tiny",
                              .checkpoint_sha256 = "abc",
                              .source = "three demonstrations",
                              .samples = 300,
                              .distribution = "exp",
                              .ratio = 0.5,
                              .exits = DynamicExits(kLayers, {0.1f, kNeverExit, 0.3f, 0}, 7),
                              .expected_shares = {0.5, 0, 0.25, 0.25},
                              .expected_llm_gmacs = 0.0042};
  WriteText(path, ToJson(written));
  const ThresholdFile read = ReadThresholds(path, kLayers);
  CHECK(ToText(read.exits) == ToText(written.exits));
  CHECK(read.exits.thresholds == written.exits.thresholds);
  CHECK(read.expected_shares == written.expected_shares);
  CHECK(ToJson(read) == ToJson(written));

  CHECK_THROWS_WITH(ReadThresholds(path, {1, 3, 5}), Catch::Contains("expected ascending ones of 1, 3, 5"));
  CHECK_THROWS_WITH(ReadThresholds(folder.path() / "none.json", kLayers), Catch::Contains("expected a file"));
  for (const char* text : {"", "[]", "{}", R"({"schema": "deerbench.summary/1"})"}) {
    WriteText(path, text);
    CHECK_THROWS_WITH(ReadThresholds(path, kLayers), Catch::StartsWith(path.string() + ": "));
  }
}

}  // namespace deerbench
