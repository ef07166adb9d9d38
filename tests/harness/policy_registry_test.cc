#include "harness/policy_registry.h"

#include <catch2/catch.hpp>

#include "base/error.h"

namespace deerbench {

TEST_CASE("A configuration has every option of its policy, given or not") {
  CHECK(ConfigFromKeys({{"policy", "expert"}}).policy_options.at("expert_noise") == "0");
  const EvalConfig config =
      ConfigFromKeys({{"policy", "expert"}, {"expert_noise", "2.5"}, {"version", "0.0.1"}});
  CHECK(NumberOption(config, "expert_noise", 0, 10) == 2.5);
  CHECK(ConfigFromKeys({{"policy", "random"}}).policy_options.empty());
}

TEST_CASE("Unknown policies, keys and misplaced options are refused by name") {
  CHECK_THROWS_WITH(ConfigFromKeys({{"chains", "3"}}), "policy: '', expected one of deer, expert, random");
  CHECK_THROWS_WITH(ConfigFromKeys({{"policy", "telepathy"}}),
                    "policy: 'telepathy', expected one of deer, expert, random");
  CHECK_THROWS_WITH(ConfigFromKeys({{"policy", "random"}, {"colour", "red"}}),
                    Catch::StartsWith("colour: unknown setting, expected one of split, policy"));
  CHECK_THROWS_WITH(ConfigFromKeys({{"policy", "random"}, {"expert_noise", "1"}}),
                    "expert_noise: '1', expected only with policy expert, not random");
}

TEST_CASE("An option that is no number in its bounds is refused") {
  for (const char* text : {"", "-1", "11", "nan", "1e", "one"}) {
    const EvalConfig config = ConfigFromKeys({{"policy", "expert"}, {"expert_noise", text}});
    CHECK_THROWS_WITH(NumberOption(config, "expert_noise", 0, 10),
                      "expert_noise: '" + std::string(text) + "', expected a number from 0 to 10");
  }
}

TEST_CASE("How many chains there are depends on the set") {
  CHECK(ConfigFromKeys({{"policy", "random"}, {"chains", "2000"}, {"chain_set", "tuning"}}).chains == 2000);
  CHECK_THROWS_WITH(ConfigFromKeys({{"policy", "random"}, {"chains", "2000"}}),
                    "chains: '2000', expected a whole number from 1 to 1000");
}

TEST_CASE("The random policy draws from its seed alone and moves within bounds") {
  const EvalConfig config = ConfigFromKeys({{"policy", "random"}});
  const auto draw = [&](uint64_t seed, int before) {
    const AnyPolicy made = FindPolicy("random").make({nullptr, config});
    Policy& policy = *std::get<std::unique_ptr<Policy>>(made);
    for (int i = 0; i < before; ++i) policy.Step({}, "");
    policy.Reset(seed);
    std::vector<RelativeAction> actions;
    for (int i = 0; i < 100; ++i) actions.push_back(policy.Step({}, "any").action);
    return actions;
  };
  const auto actions = draw(3, 0);
  CHECK(draw(3, 7) == actions);
  CHECK(draw(4, 0) != actions);
  int open = 0;
  for (const RelativeAction& action : actions) {
    for (int i = 0; i < 6; ++i) CHECK(std::abs(action[i]) <= 1);
    open += action[6] == 1;
  }
  CHECK(open > 30);
  CHECK(open < 70);
}

}  // namespace deerbench
