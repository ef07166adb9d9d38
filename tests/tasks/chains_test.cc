#include "sim/tasks/chains.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/sha256.h"

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

std::string Digest(const std::vector<Chain>& chains) {
  std::string lines;
  for (const Chain& chain : chains) lines += ToJson(chain) + "\n";
  return Sha256Hex(lines);
}

// Digests of what calvin_models' get_sequences(n) returned (numpy 2.4.6), a json.dumps line a chain.
TEST_CASE("The sequences are CALVIN's for any count") {
  CHECK(Digest(CalvinSequences(0)) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Digest(CalvinSequences(1)) == "6dfa1745260b5843b98bbf09beeeee3e1ac4a3ce0b35f2915e5bc9d725de88de");
  CHECK(Digest(CalvinSequences(7)) == "f75fe364222d259598add8be876064c71c4a377d6ca38817cf58fd0d43312820");
  CHECK(Digest(CalvinSequences(193)) == "4685c0f8919e9af1ac7f1bd5df8b64e9f814bfdbb5b1c2c43c8f4c97872bbbbd");
  const std::vector<Chain> thousand = CalvinSequences(1000);
  CHECK(Digest(thousand) == "8e65b0d416708f3edd580c9d73d20b852dbec925bf769a5825eabacf5573a002");
  // The evaluation set is these thousand, and fewer of it are its head.
  CHECK(std::ranges::equal(Chains(ChainSet::kEvaluation, 30), std::span(thousand).first(30)));
}

TEST_CASE("The tuning set's chains are distinct and none is an evaluation chain") {
  std::set<std::string> evaluation, tuning;
  for (const Chain& chain : CalvinSequences(kEvaluationChains)) evaluation.insert(ToJson(chain));
  for (const Chain& chain : Chains(ChainSet::kTuning, kTuningChains)) {
    CHECK(evaluation.count(ToJson(chain)) == 0);
    CHECK(tuning.insert(ToJson(chain)).second);
  }
  CHECK(tuning.size() == 2000);
}

TEST_CASE("A count that a set does not have is refused with both numbers") {
  CHECK_THROWS_WITH(Chains(ChainSet::kEvaluation, 1001),
                    Catch::Contains("1001") && Catch::Contains("1 to 1000"));
  CHECK_THROWS_WITH(Chains(ChainSet::kTuning, 0), Catch::Contains("0") && Catch::Contains("1 to 2000"));
  CHECK_THROWS_AS(CalvinSequences(-1), Error);
}

}  // namespace
}  // namespace deerbench
