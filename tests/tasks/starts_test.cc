#include "sim/tasks/starts.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "base/error.h"
#include "sim/tasks/feasibility.h"

namespace deerbench {
namespace {

TEST_CASE("every task has starts from which it can be done") {
  for (TaskId task = 0; task < kTaskCount; ++task) {
    const std::vector<TaskStart> starts = ShortestStarts(task);
    REQUIRE_FALSE(starts.empty());
    for (const TaskStart& start : starts) {
      CHECK(start.before.size() == starts.front().before.size());
      std::vector<TaskId> tasks = start.before;
      tasks.push_back(task);
      CHECK(Feasible(start.state, tasks));
    }
  }
}

TEST_CASE("a drawer can be opened wherever it is closed, with nothing done before") {
  const std::vector<TaskStart> starts = ShortestStarts(TaskByName("open_drawer"));
  CHECK(starts.size() == 96);
  for (const TaskStart& start : starts) {
    CHECK(start.before.empty());
    CHECK_FALSE(start.state.drawer_open);
  }
}

TEST_CASE("tasks on what is not there yet begin with what brings it about") {
  const auto before = [](std::string_view task) {
    return ShortestStarts(TaskByName(task)).front().before.size();
  };
  CHECK(before("place_in_slider") == 1);
  CHECK(before("stack_block") == 1);
  CHECK(before("unstack_block") == 2);
  CHECK(before("lift_red_block_drawer") == 1);
  CHECK(before("lift_red_block_table") == 0);
}

TEST_CASE("irreducible starts hold the shortest ones and other ways, without a needless task") {
  for (TaskId task = 0; task < kTaskCount; ++task) {
    const std::vector<TaskStart> shortest = ShortestStarts(task);
    const std::vector<TaskStart> starts = IrreducibleStarts(task);
    CHECK(starts.size() >= shortest.size());
    CHECK(starts.front().before == shortest.front().before);
    for (const TaskStart& start : starts) {
      for (size_t left_out = 0; left_out < start.before.size(); ++left_out) {
        std::vector<TaskId> tasks = start.before;
        tasks.erase(tasks.begin() + static_cast<ptrdiff_t>(left_out));
        tasks.push_back(task);
        CHECK_FALSE(Feasible(start.state, tasks));
      }
    }
  }
  const std::vector<TaskId> by_hand = {TaskByName("lift_red_block_table"), TaskByName("place_in_drawer")};
  const auto starts = IrreducibleStarts(TaskByName("lift_red_block_drawer"));
  CHECK(std::ranges::any_of(starts, [&](const TaskStart& start) { return start.before == by_hand; }));
}

TEST_CASE("a task that is none is an error") {
  CHECK_THROWS_AS(ShortestStarts(-1), Error);
  CHECK_THROWS_AS(IrreducibleStarts(-1), Error);
  CHECK_THROWS_AS(ShortestStarts(kTaskCount), Error);
}

}  // namespace
}  // namespace deerbench
