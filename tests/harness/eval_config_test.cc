#include "harness/eval_config.h"

#include <catch2/catch.hpp>

#include "base/error.h"

namespace deerbench {

TEST_CASE("A split names its training scenes and the scene it is judged in") {
  const Split split = ParseSplit("CAB->D");
  CHECK(split.ToString() == "ABC->D");
  CHECK(split.TrainScenes() == std::vector<std::string>{"A", "B", "C"});
  CHECK(split.Scene() == "D");
  CHECK(ParseSplit("B->A").ToString() == "B->A");
}

TEST_CASE("What is no split is refused by name") {
  for (const char* text : {"", "D", "->D", "D->", "D->DD", "D->E", "AA->D", "d->d", "D -> D", "D->D "}) {
    INFO(text);
    CHECK_THROWS_WITH(ParseSplit(text), Catch::StartsWith("split: '" + std::string(text) + "', expected"));
  }
}

TEST_CASE("Settings name the value that they refuse and what they expect") {
  EvalConfig config;
  CHECK_THROWS_WITH(SetConfigValue(config, "chains", "0"),
                    "chains: '0', expected a whole number from 1 to 1000");
  CHECK_THROWS_AS(SetConfigValue(config, "chains", "ten"), Error);
  CHECK_THROWS_AS(SetConfigValue(config, "chains", "10x"), Error);
  CHECK_THROWS_AS(SetConfigValue(config, "seed", "-1"), Error);
  CHECK_THROWS_AS(SetConfigValue(config, "workers", "1.5"), Error);
  CHECK_THROWS_WITH(SetConfigValue(config, "chain_set", "test"),
                    "chain_set: 'test', expected evaluation or tuning");
  CHECK_THROWS_WITH(SetConfigValue(config, "depth", "yes"), "depth: 'yes', expected true or false");
  CHECK_FALSE(SetConfigValue(config, "colour", "red"));
}

TEST_CASE("A resolved configuration reads back as it was written") {
  EvalConfig config;
  config.split = ParseSplit("ABC->D");
  config.policy = "random: \"quoted\"";
  config.chain_set = ChainSet::kTuning;
  config.chains = 12;
  config.seed = UINT64_MAX;
  config.scenes = "a folder/with # signs";
  config.depth = true;
  config.video = 2;
  config.workers = 3;
  config.policy_options["horizon"] = "yes";
  EvalConfig read;
  read.policy_options["horizon"] = ParseYamlKeys(ToYaml(config), "test").at("horizon");
  for (const auto& [key, value] : ParseYamlKeys(ToYaml(config), "test")) SetConfigValue(read, key, value);
  CHECK(ToYaml(read) == ToYaml(config));
  CHECK(read.seed == UINT64_MAX);
  CHECK(read.depth);
  CHECK(read.scenes == config.scenes);
}

TEST_CASE("YAML that is no flat mapping is refused with its name and key") {
  CHECK_THROWS_WITH(ParseYamlKeys("[1, 2]", "x.yaml"), Catch::StartsWith("x.yaml: not a YAML mapping"));
  CHECK_THROWS_WITH(ParseYamlKeys("chains: [1, 2]", "x.yaml"), "x.yaml: chains: expected a single value");
  CHECK_THROWS_WITH(ParseYamlKeys("seed: 1\nseed: 2", "x.yaml"), "x.yaml: seed: given twice");
  CHECK_THROWS_WITH(ParseYamlKeys("a: b: c", "x.yaml"), Catch::StartsWith("x.yaml: line 1: "));
  CHECK_THROWS_WITH(ReadYamlKeys("/nowhere/x.yaml"), "/nowhere/x.yaml: cannot be read");
}

}  // namespace deerbench
