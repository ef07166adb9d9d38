#include "tests/tasks/calvin_recordings.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "base/error.h"
#include "base/file.h"

namespace deerbench {
namespace {

using nlohmann::json;

Vec3 ToVec3(const json& j) { return {j.at(0), j.at(1), j.at(2)}; }

std::vector<ContactInfo> ToContacts(const json& list) {
  std::vector<ContactInfo> contacts;
  for (const json& c : list)
    contacts.push_back({.other_body = c.at(2), .own_link = c.at(3), .other_link = c.at(4)});
  return contacts;
}

BlockInfo ToBlock(const json& j) {
  BlockInfo block;
  block.uid = j.at("uid");
  block.position = ToVec3(j.at("current_pos"));
  const json& q = j.at("current_orn");
  block.orientation = {q.at(0), q.at(1), q.at(2), q.at(3)};
  block.linear_velocity = ToVec3(j.at("current_lin_vel"));
  block.angular_velocity = ToVec3(j.at("current_ang_vel"));
  block.contacts = ToContacts(j.at("contacts"));
  return block;
}

BlockPlace ToPlace(const std::string& word) {
  for (const BlockPlace place : {BlockPlace::kTable, BlockPlace::kSliderLeft, BlockPlace::kSliderRight}) {
    if (Name(place) == word) return place;
  }
  Fail("a recorded block lies at '" + word + "'");
}

}  // namespace

std::vector<std::filesystem::path> Recordings(const std::string& prefix) {
  const char* folder = std::getenv("DEERBENCH_CALVIN_DATA");
  if (!folder || !*folder) {
    std::cout << "skipped: " << prefix << "*.json: DEERBENCH_CALVIN_DATA is not set\n";
    return {};
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(".json")) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

json ReadJson(const std::filesystem::path& file) { return json::parse(ReadFile(file)); }

SceneInfo ToSceneInfo(const json& info) {
  SceneInfo out;
  const json& robot = info.at("robot_info");
  out.robot.uid = robot.at("uid");
  out.robot.tcp_position = ToVec3(robot.at("tcp_pos"));
  out.robot.tcp_euler = ToVec3(robot.at("tcp_orn"));
  out.robot.gripper_width = robot.at("gripper_opening_width");
  out.robot.arm_joints = robot.at("arm_joint_states").get<std::array<double, 7>>();
  out.robot.gripper_action = robot.at("gripper_action");
  out.robot.contacts = ToContacts(robot.at("contacts"));

  const json& scene = info.at("scene_info");
  const json& blocks = scene.at("movable_objects");
  out.blocks = {ToBlock(blocks.at("block_red")), ToBlock(blocks.at("block_blue")),
                ToBlock(blocks.at("block_pink"))};
  const json& table = scene.at("fixed_objects").at("table");
  const json& links = table.at("links");
  out.table = {.uid = table.at("uid"),
               .base_link = links.at("base_link"),
               .plank_link = links.at("plank_link"),
               .drawer_link = links.at("drawer_link"),
               .slide_link = links.at("slide_link"),
               .button_link = links.at("button_link"),
               .switch_link = links.at("switch_link"),
               .light_link = links.at("light_link"),
               .led_link = links.at("led_link")};
  out.slide_m = scene.at("doors").at("base__slide").at("current_state");
  out.drawer_m = scene.at("doors").at("base__drawer").at("current_state");
  out.button_m = scene.at("buttons").at("base__button").at("joint_state");
  out.switch_m = scene.at("switches").at("base__switch").at("joint_state");
  out.lightbulb_on = scene.at("lights").at("lightbulb").at("logical_state") == 1;
  out.led_on = scene.at("lights").at("led").at("logical_state") == 1;
  return out;
}

SymbolicState ToSymbolicState(const json& condition) {
  return {.led = condition.at("led") == 1,
          .lightbulb = condition.at("lightbulb") == 1,
          .slider_left = condition.at("slider") == "left",
          .drawer_open = condition.at("drawer") == "open",
          .block = {ToPlace(condition.at("red_block")), ToPlace(condition.at("blue_block")),
                    ToPlace(condition.at("pink_block"))}};
}

}  // namespace deerbench
