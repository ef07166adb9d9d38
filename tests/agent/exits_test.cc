// Exits as an agent is given them, and the walk that asks at each.
#include "agent/exits.h"

#include <catch2/catch.hpp>

#include "agent/exit_walk.h"
#include "base/error.h"

namespace deerbench {
namespace {

TEST_CASE("Layer 0 may be an exit where no other is allowed, and is taken without being weighed") {
  for (const ExitOptions& exits : {ExitOptions{.exit_layers = {0}, .thresholds = {-1}, .max_layer = 0},
                                   ExitOptions{.exit_layers = {0, 1}, .thresholds = {-1}, .max_layer = 0}}) {
    CHECK_NOTHROW(exits.Validate(1));
    ExitWalk walk(exits, 1);
    for (int step = 0; step < 3; ++step) {
      walk.Begin();
      CHECK_FALSE(walk.weighs());
      CHECK_FALSE(walk.NeedsReference(0));
      CHECK(walk.MayEnd(0));
      walk.End(0);
    }
  }
}

TEST_CASE("Exits that cannot be weighed, do not ascend or lie behind the model are refused") {
  const std::vector<float> two = {0.1f, 0.1f};
  CHECK_THROWS_WITH((ExitOptions{.exit_layers = {0, 1}, .thresholds = two, .max_layer = 1}.Validate(2)),
                    Catch::StartsWith("exits at layers 0 to 1: layer 0 has none below it"));
  // The highest allowed layer lies between two exits: the walk goes on to the second.
  CHECK_THROWS_WITH((ExitOptions{.exit_layers = {0, 3}, .thresholds = {0.1f}, .max_layer = 2}.Validate(4)),
                    Catch::StartsWith("exits at layers 0 to 3: layer 0 has none below it"));
  CHECK_THROWS_WITH((ExitOptions{.exit_layers = {-1, 1}, .thresholds = two, .max_layer = 1}.Validate(2)),
                    Catch::Contains("must ascend"));
  CHECK_THROWS_WITH((ExitOptions{.exit_layers = {3, 1}, .thresholds = two, .max_layer = 3}.Validate(4)),
                    Catch::Contains("must ascend"));
  CHECK_THROWS_WITH((ExitOptions{.exit_layers = {0}, .thresholds = {}, .max_layer = 0}.Validate(1)),
                    Catch::Contains("there are 0 thresholds, expected 1"));
  CHECK_THROWS_WITH((ExitOptions{.exit_layers = {1, 3}, .thresholds = two, .max_layer = 3}.Validate(3)),
                    "highest exit is layer 3, the model has layers 0 to 2");
}

}  // namespace
}  // namespace deerbench
