#include "sim/tasks/chains.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace deerbench {
namespace {

TEST_CASE("A chain is printed as CALVIN's dictionaries would be") {
  Chain chain;
  chain.state = {.led = true,
                 .slider_left = true,
                 .block = {BlockPlace::kTable, BlockPlace::kSliderLeft, BlockPlace::kSliderRight}};
  chain.tasks = {TaskByName("open_drawer"), TaskByName("push_into_drawer"), TaskByName("turn_off_led"),
                 TaskByName("move_slider_right"), TaskByName("lift_blue_block_slider")};
  CHECK(
      ToJson(chain) ==
      R"({"state": {"led": 1, "lightbulb": 0, "slider": "left", "drawer": "closed", "red_block": "table", )"
      R"("blue_block": "slider_left", "pink_block": "slider_right", "grasped": 0}, "tasks": ["open_drawer", )"
      R"("push_into_drawer", "turn_off_led", "move_slider_right", "lift_blue_block_slider"]})");
}

TEST_CASE("The tuning set's chains are distinct and none is an evaluation chain") {
  std::set<std::string> evaluation, tuning;
  for (const Chain& chain : Chains(ChainSet::kEvaluation, kEvaluationChains))
    evaluation.insert(ToJson(chain));
  for (const Chain& chain : Chains(ChainSet::kTuning, kTuningChains)) {
    CHECK(evaluation.count(ToJson(chain)) == 0);
    CHECK(tuning.insert(ToJson(chain)).second);
  }
  CHECK(tuning.size() == 2000);
}

TEST_CASE("Fewer chains of a set are its head") {
  for (const ChainSet set : {ChainSet::kEvaluation, ChainSet::kTuning}) {
    const std::vector<Chain> few = Chains(set, 30), more = Chains(set, 200);
    CHECK(std::ranges::equal(few, std::span(more).first(30)));
  }
}

TEST_CASE("CALVIN's sequences are another set for another count") {
  CHECK(CalvinSequences(0).empty());
  CHECK(CalvinSequences(7).size() == 7);
  const std::vector<Chain> few = CalvinSequences(193);
  CHECK(few.size() == 193);
  const std::vector<Chain> more = CalvinSequences(400);
  CHECK_FALSE(std::ranges::equal(few, std::span(more).first(193)));
}

TEST_CASE("A count that a set does not have is refused with both numbers") {
  CHECK_THROWS_WITH(Chains(ChainSet::kEvaluation, 1001),
                    Catch::Contains("1001") && Catch::Contains("1 to 1000"));
  CHECK_THROWS_WITH(Chains(ChainSet::kTuning, 0), Catch::Contains("0") && Catch::Contains("1 to 2000"));
  CHECK_THROWS_AS(CalvinSequences(-1), Error);
}

}  // namespace
}  // namespace deerbench
