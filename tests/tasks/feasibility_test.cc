#include "sim/tasks/feasibility.h"

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace deerbench {
namespace {

// Red on the table, blue at the left and pink at the right end of the shelf; door right, drawer closed,
// lights off.
const SymbolicState kState = {
    .block = {BlockPlace::kTable, BlockPlace::kSliderLeft, BlockPlace::kSliderRight}};

bool FeasibleFrom(const SymbolicState& state, std::initializer_list<std::string_view> names) {
  std::vector<TaskId> tasks;
  for (const std::string_view name : names) tasks.push_back(TaskByName(name));
  return Feasible(state, tasks);
}

bool FeasibleFrom(std::initializer_list<std::string_view> names) { return FeasibleFrom(kState, names); }

TEST_CASE("There are 192 initial conditions, and none leaves the table empty or full") {
  const std::vector<SymbolicState> states = InitialConditions();
  CHECK(states.size() == 192);
  for (const SymbolicState& state : states) {
    int on_table = 0;
    for (const BlockPlace place : state.block) on_table += place == BlockPlace::kTable;
    CHECK((on_table == 1 || on_table == 2));
  }
  CHECK(states.front() ==
        SymbolicState{.block = {BlockPlace::kTable, BlockPlace::kTable, BlockPlace::kSliderRight}});
}

TEST_CASE("Only what is closed can be opened, and only what is off turned on") {
  CHECK(FeasibleFrom({"open_drawer"}));
  CHECK_FALSE(FeasibleFrom({"close_drawer"}));
  CHECK(FeasibleFrom({"move_slider_left"}));
  CHECK_FALSE(FeasibleFrom({"move_slider_right"}));
  CHECK(FeasibleFrom({"turn_on_led"}));
  CHECK_FALSE(FeasibleFrom({"turn_off_led"}));
  CHECK(FeasibleFrom({"turn_on_lightbulb"}));
  CHECK_FALSE(FeasibleFrom({"turn_off_lightbulb"}));
}

TEST_CASE("A block is pushed, turned and lifted from where it is") {
  CHECK(FeasibleFrom({"push_red_block_left"}));
  CHECK_FALSE(FeasibleFrom({"push_blue_block_left"}));
  CHECK(FeasibleFrom({"rotate_red_block_right"}));
  CHECK_FALSE(FeasibleFrom({"rotate_pink_block_right"}));
  CHECK(FeasibleFrom({"lift_red_block_table"}));
  CHECK_FALSE(FeasibleFrom({"lift_red_block_slider"}));
  CHECK_FALSE(FeasibleFrom({"lift_red_block_drawer"}));
}

TEST_CASE("The door hides the end of the shelf where it stands") {
  CHECK(FeasibleFrom({"lift_blue_block_slider"}));
  CHECK_FALSE(FeasibleFrom({"lift_pink_block_slider"}));
  CHECK(FeasibleFrom({"move_slider_left", "lift_pink_block_slider"}));
  CHECK_FALSE(FeasibleFrom({"move_slider_left", "lift_blue_block_slider"}));
}

TEST_CASE("Hands that hold a block do nothing but put it down") {
  CHECK(FeasibleFrom({"lift_red_block_table", "place_in_slider"}));
  CHECK_FALSE(FeasibleFrom({"lift_red_block_table", "place_in_drawer"}));
  CHECK(FeasibleFrom({"open_drawer", "lift_red_block_table", "place_in_drawer", "lift_red_block_drawer"}));
  CHECK_FALSE(FeasibleFrom({"lift_red_block_table", "open_drawer"}));
  CHECK_FALSE(FeasibleFrom({"lift_red_block_table", "lift_blue_block_slider"}));
  CHECK_FALSE(FeasibleFrom({"place_in_slider"}));
}

TEST_CASE("A block put on the shelf counts as lying where the door stands") {
  CHECK_FALSE(FeasibleFrom({"lift_red_block_table", "place_in_slider", "lift_red_block_slider"}));
  CHECK(
      FeasibleFrom({"lift_red_block_table", "place_in_slider", "move_slider_left", "lift_red_block_slider"}));
}

TEST_CASE("Stacking takes exactly one block on the table") {
  CHECK(FeasibleFrom({"lift_blue_block_slider", "stack_block"}));
  CHECK(FeasibleFrom({"lift_blue_block_slider", "stack_block", "unstack_block"}));
  CHECK_FALSE(FeasibleFrom({"lift_red_block_table", "stack_block"}));
  SymbolicState two_on_table = kState;
  two_on_table.block[2] = BlockPlace::kTable;
  CHECK_FALSE(FeasibleFrom(two_on_table, {"lift_blue_block_slider", "stack_block"}));
  CHECK(FeasibleFrom(two_on_table, {"lift_red_block_table", "stack_block"}));
  CHECK_FALSE(FeasibleFrom({"unstack_block"}));
}

TEST_CASE("A stacked block is no longer one on the table until it is unstacked") {
  CHECK_FALSE(FeasibleFrom({"lift_blue_block_slider", "stack_block", "push_red_block_left"}));
  CHECK(FeasibleFrom({"lift_blue_block_slider", "stack_block", "unstack_block", "push_blue_block_left"}));
}

TEST_CASE("Pushing into the drawer takes an open drawer and a lone block on the table") {
  CHECK_FALSE(FeasibleFrom({"push_into_drawer"}));
  CHECK(FeasibleFrom({"open_drawer", "push_into_drawer", "lift_red_block_drawer"}));
  SymbolicState two_on_table = kState;
  two_on_table.block[2] = BlockPlace::kTable;
  CHECK_FALSE(FeasibleFrom(two_on_table, {"open_drawer", "push_into_drawer"}));
}

TEST_CASE("No two tasks of a chain share a category") {
  CHECK_FALSE(FeasibleFrom({"push_red_block_left", "rotate_red_block_left"}));
  CHECK_FALSE(FeasibleFrom({"turn_on_led", "turn_on_lightbulb"}));
  CHECK_FALSE(FeasibleFrom({"open_drawer", "close_drawer"}));
  CHECK(FeasibleFrom({"lift_red_block_table", "place_in_slider", "lift_blue_block_slider"}));
}

}  // namespace
}  // namespace deerbench
