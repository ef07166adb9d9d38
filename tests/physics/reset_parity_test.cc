// Resets against recordings of calvin_env: reset_{scene}.json.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <iostream>

#include "tests/physics/recordings.h"

namespace deerbench {
namespace {

using nlohmann::json;
using test::MaxDifference;

double Difference(const World& world, const json& recorded) {
  return std::max(MaxDifference(world.robot_obs(), test::ToArray<15>(recorded.at("robot_obs"))),
                  MaxDifference(world.scene_obs(), test::ToArray<24>(recorded.at("scene_obs"))));
}

struct Figures {
  std::vector<double> after_reset, settled, settling, reset_again;
};

Figures RunCase(const json& recorded, const std::string& letter) {
  Figures figures;
  World world(test::CalvinScene(letter));
  const auto robot_obs = test::ToArray<15>(recorded.at("input_robot_obs"));
  const auto scene_obs = test::ToArray<24>(recorded.at("input_scene_obs"));
  world.Reset(robot_obs, scene_obs);
  figures.after_reset.push_back(Difference(world, recorded.at("after_reset")));

  int substeps = 0;
  for (const int count : {1, 2, 4, 8, 16, 32, 64, 128, 240}) {
    for (; substeps < count; ++substeps) world.Substep();
    const double difference =
        Difference(world, recorded.at("substeps_after_reset").at(std::to_string(count)));
    (count == 240 ? figures.settled : figures.settling).push_back(difference);
  }
  // Twenty steps, then the same reset in the used world.
  const json& again = recorded.at("history_then_reset_again");
  for (int i = 0; i < 20; ++i) world.Step(test::ToArray<7>(again.at("action")));
  world.Reset(robot_obs, scene_obs);
  figures.reset_again.push_back(Difference(world, again.at("after")));
  return figures;
}

TEST_CASE("resets and the second after them are calvin_env's") {
  Figures all;
  const auto files = test::RecordedFiles("reset_", ".json");
  for (const auto& file : files) {
    const json recordings = test::ReadJson(file);
    for (const json& recorded : recordings.at("cases")) {
      const Figures figures = RunCase(recorded, test::SceneLetter(file));
      INFO(file << " case " << recorded.at("id"));
      CHECK(figures.after_reset[0] <= 1e-4);
      CHECK(figures.settled[0] <= 1e-3);
      for (const auto member :
           {&Figures::after_reset, &Figures::settled, &Figures::settling, &Figures::reset_again})
        (all.*member).insert((all.*member).end(), (figures.*member).begin(), (figures.*member).end());
    }
  }
  if (files.empty()) return;
  CHECK(test::Quantile(all.reset_again, 0.9) <= 1e-3);
  std::cout << fmt::format(
      "parity resets: {} cases; largest difference after reset {:.2g}, after 240 substeps {:.2g}, in between "
      "{:.2g}, "
      "after a second reset {:.2g}\n",
      all.after_reset.size(), test::Quantile(all.after_reset, 1), test::Quantile(all.settled, 1),
      test::Quantile(all.settling, 1), test::Quantile(all.reset_again, 1));
}

}  // namespace
}  // namespace deerbench
