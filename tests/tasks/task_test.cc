#include "sim/tasks/task.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"

namespace deerbench {
namespace {

const Task& Row(std::string_view name) { return Tasks()[TaskByName(name)]; }

TEST_CASE("Every task is found by its name, and names are distinct") {
  std::set<std::string_view> names;
  for (TaskId id = 0; id < kTaskCount; ++id) {
    CHECK(TaskByName(Tasks()[id].name) == id);
    CHECK(names.insert(Tasks()[id].name).second);
  }
}

TEST_CASE("A name that is no task's is refused by name") {
  CHECK_THROWS_WITH(TaskByName("open_window"), Catch::Contains("open_window"));
  CHECK_THROWS_AS(TaskByName(""), Error);
}

TEST_CASE("The table has CALVIN's order and thresholds") {
  CHECK(TaskByName("rotate_red_block_right") == 0);
  CHECK(TaskByName("move_slider_left") == 12);
  CHECK(TaskByName("place_in_slider") == 25);
  CHECK(TaskByName("push_into_drawer") == 33);
  for (const char* color : {"red", "blue", "pink"}) {
    const auto row = [&](const char* before, const char* after) {
      return Row(std::string(before) + color + after).threshold;
    };
    CHECK(row("rotate_", "_block_right") == -60);
    CHECK(row("rotate_", "_block_left") == 60);
    CHECK(row("push_", "_block_right") == 0.1);
    CHECK(row("push_", "_block_left") == -0.1);
    CHECK(row("lift_", "_block_table") == 0.05);
    CHECK(row("lift_", "_block_slider") == 0.03);
    CHECK(row("lift_", "_block_drawer") == 0.05);
  }
  CHECK(Row("move_slider_left").threshold == 0.15);
  CHECK(Row("move_slider_right").threshold == -0.15);
  CHECK(Row("open_drawer").threshold == 0.12);
  CHECK(Row("close_drawer").threshold == -0.12);
  CHECK(Row("turn_on_lightbulb").threshold == 1);
  CHECK(Row("turn_off_lightbulb").threshold == -1);
  CHECK(Row("turn_on_led").threshold == 1);
  CHECK(Row("turn_off_led").threshold == -1);
}

TEST_CASE("A row has the block and the surface that its name says, and only those") {
  for (const Task& task : Tasks()) {
    INFO(task.name);
    const auto says = [&](std::string_view word) { return task.name.find(word) != std::string_view::npos; };
    CHECK((task.block == BlockColor::kRed) == says("red"));
    CHECK((task.block == BlockColor::kBlue) == says("blue"));
    CHECK((task.block == BlockColor::kPink) == says("pink"));
    const bool handles_block = task.family == TaskFamily::kLift || task.family == TaskFamily::kPlace ||
                               task.family == TaskFamily::kPushIntoDrawer;
    CHECK(task.surface.has_value() == handles_block);
    if (!handles_block) continue;
    CHECK((task.surface == Surface::kTable) == says("table"));
    CHECK((task.surface == Surface::kSlider) == says("slider"));
    CHECK((task.surface == Surface::kDrawer) == says("drawer"));
  }
}

}  // namespace
}  // namespace deerbench
