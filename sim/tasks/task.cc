#include "sim/tasks/task.h"

#include <fmt/format.h>

#include "base/error.h"

namespace deerbench {
namespace {

using enum BlockColor;
using enum TaskFamily;

// Thresholds are those of CALVIN's conf/callbacks/rollout/tasks/new_playtable_tasks.yaml.
constexpr std::array<Task, kTaskCount> kTasks = {{
    {"rotate_red_block_right", kRotate, kRed, {}, -60},
    {"rotate_red_block_left", kRotate, kRed, {}, 60},
    {"rotate_blue_block_right", kRotate, kBlue, {}, -60},
    {"rotate_blue_block_left", kRotate, kBlue, {}, 60},
    {"rotate_pink_block_right", kRotate, kPink, {}, -60},
    {"rotate_pink_block_left", kRotate, kPink, {}, 60},
    {"push_red_block_right", kPush, kRed, {}, 0.1},
    {"push_red_block_left", kPush, kRed, {}, -0.1},
    {"push_blue_block_right", kPush, kBlue, {}, 0.1},
    {"push_blue_block_left", kPush, kBlue, {}, -0.1},
    {"push_pink_block_right", kPush, kPink, {}, 0.1},
    {"push_pink_block_left", kPush, kPink, {}, -0.1},
    {"move_slider_left", kMoveSlider, {}, {}, 0.15},
    {"move_slider_right", kMoveSlider, {}, {}, -0.15},
    {"open_drawer", kMoveDrawer, {}, {}, 0.12},
    {"close_drawer", kMoveDrawer, {}, {}, -0.12},
    {"lift_red_block_table", kLift, kRed, Surface::kTable, 0.05},
    {"lift_red_block_slider", kLift, kRed, Surface::kSlider, 0.03},
    {"lift_red_block_drawer", kLift, kRed, Surface::kDrawer, 0.05},
    {"lift_blue_block_table", kLift, kBlue, Surface::kTable, 0.05},
    {"lift_blue_block_slider", kLift, kBlue, Surface::kSlider, 0.03},
    {"lift_blue_block_drawer", kLift, kBlue, Surface::kDrawer, 0.05},
    {"lift_pink_block_table", kLift, kPink, Surface::kTable, 0.05},
    {"lift_pink_block_slider", kLift, kPink, Surface::kSlider, 0.03},
    {"lift_pink_block_drawer", kLift, kPink, Surface::kDrawer, 0.05},
    {"place_in_slider", kPlace, {}, Surface::kSlider, 0},
    {"place_in_drawer", kPlace, {}, Surface::kDrawer, 0},
    {"stack_block", kStack, {}, {}, 0},
    {"unstack_block", kUnstack, {}, {}, 0},
    {"turn_on_lightbulb", kLightbulb, {}, {}, 1},
    {"turn_off_lightbulb", kLightbulb, {}, {}, -1},
    {"turn_on_led", kLed, {}, {}, 1},
    {"turn_off_led", kLed, {}, {}, -1},
    {"push_into_drawer", kPushIntoDrawer, {}, Surface::kDrawer, 0},
}};

}  // namespace

const std::array<Task, kTaskCount>& Tasks() { return kTasks; }

TaskId TaskByName(std::string_view name) {
  for (TaskId id = 0; id < kTaskCount; ++id) {
    if (kTasks[id].name == name) return id;
  }
  Fail(fmt::format("task: '{}' is none of the {} tasks (the first is '{}')", name, kTaskCount,
                   kTasks[0].name));
}

}  // namespace deerbench
