#include "python/bindings/info.h"

#include <fmt/format.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "python/bindings/arrays.h"
#include "python/bindings/bindings.h"
#include "sim/tasks/oracle.h"
#include "sim/tasks/task.h"

namespace py = pybind11;

namespace deerbench {
namespace {

constexpr std::array<const char*, 3> kBlockNames = {"block_red", "block_blue",
                                                    "block_pink"};  // by BlockColor

// The table's links as CALVIN names them.
struct NamedLink {
  const char* name;
  int TableInfo::*link;
};
constexpr std::array<NamedLink, 8> kTableLinks = {{{"base_link", &TableInfo::base_link},
                                                   {"plank_link", &TableInfo::plank_link},
                                                   {"drawer_link", &TableInfo::drawer_link},
                                                   {"slide_link", &TableInfo::slide_link},
                                                   {"button_link", &TableInfo::button_link},
                                                   {"switch_link", &TableInfo::switch_link},
                                                   {"light_link", &TableInfo::light_link},
                                                   {"led_link", &TableInfo::led_link}}};

py::tuple ContactTuple(int body_a, int body_b, int link_a, int link_b) {
  return py::make_tuple(0, body_a, body_b, link_a, link_b);
}

py::tuple ContactTuples(int own_body, const std::vector<ContactInfo>& contacts) {
  py::tuple tuples(contacts.size());
  for (size_t i = 0; i < contacts.size(); ++i) {
    const ContactInfo& c = contacts[i];
    tuples[i] = ContactTuple(own_body, c.other_body, c.own_link, c.other_link);
  }
  return tuples;
}

// Everything that touches `body`, seen from there: contacts are kept in the lists of robot and blocks alone.
py::tuple ContactsOfFixedBody(int body, const SceneInfo& info) {
  py::list found;
  const auto collect = [&](int owner, const std::vector<ContactInfo>& contacts) {
    for (const ContactInfo& c : contacts) {
      if (c.other_body == body) found.append(ContactTuple(body, owner, c.other_link, c.own_link));
    }
  };
  collect(info.robot.uid, info.robot.contacts);
  for (const BlockInfo& block : info.blocks) collect(block.uid, block.contacts);
  return py::tuple(found);
}

py::tuple ToTuple(const Vec3& v) { return py::make_tuple(v.x, v.y, v.z); }
py::tuple ToTuple(const Quat& q) { return py::make_tuple(q.x, q.y, q.z, q.w); }

py::dict One(const char* key, py::object value) {
  py::dict dict;
  dict[key] = std::move(value);
  return dict;
}

py::dict RobotDict(const RobotInfo& robot) {
  py::dict dict;
  dict["tcp_pos"] = ToTuple(robot.tcp_position);
  dict["tcp_orn"] = ToTuple(robot.tcp_euler);
  dict["gripper_opening_width"] = robot.gripper_width;
  dict["arm_joint_states"] = std::vector<double>(robot.arm_joints.begin(), robot.arm_joints.end());
  dict["gripper_action"] = static_cast<int>(robot.gripper_action);
  dict["uid"] = robot.uid;
  dict["contacts"] = ContactTuples(robot.uid, robot.contacts);
  return dict;
}

py::dict BlockDict(const BlockInfo& block) {
  py::dict dict;
  dict["current_pos"] = ToTuple(block.position);
  dict["current_orn"] = ToTuple(block.orientation);
  dict["current_lin_vel"] = ToTuple(block.linear_velocity);
  dict["current_ang_vel"] = ToTuple(block.angular_velocity);
  dict["contacts"] = ContactTuples(block.uid, block.contacts);
  dict["uid"] = block.uid;
  return dict;
}

py::dict TableDict(const SceneInfo& info) {
  py::dict links;
  for (const NamedLink& link : kTableLinks) links[link.name] = info.table.*link.link;
  py::dict dict;
  dict["uid"] = info.table.uid;
  dict["links"] = links;
  dict["contacts"] = ContactsOfFixedBody(info.table.uid, info);
  return dict;
}

py::dict PressedDict(double joint_position, bool on) {
  py::dict dict;
  dict["joint_state"] = joint_position;
  dict["logical_state"] = int{on};
  return dict;
}

// One level of a nested dictionary that knows the way to itself, for messages.
class Node {
 public:
  Node(py::object object, std::string path) : object_(std::move(object)), path_(std::move(path)) {}

  Node operator[](const char* key) const {
    if (!py::isinstance<py::dict>(object_)) Fail(fmt::format("{} is not a dictionary", path_));
    const auto dict = py::reinterpret_borrow<py::dict>(object_);
    std::string path = fmt::format("{}['{}']", path_, key);
    if (!dict.contains(key)) Fail(fmt::format("{} is missing", path));
    return Node(dict[key], std::move(path));
  }

  double Number() const {
    try {
      return object_.cast<double>();
    } catch (const py::cast_error&) {
      Fail(fmt::format("{} is {}, expected a number", path_, Repr()));
    }
  }
  int Integer() const {
    try {
      return object_.cast<int>();
    } catch (const py::cast_error&) {
      Fail(fmt::format("{} is {}, expected a whole number", path_, Repr()));
    }
  }
  template <size_t kSize>
  std::array<double, kSize> Row() const {
    return ToArray<kSize>(object_, path_);
  }
  Vec3 Vector() const {
    const auto v = Row<3>();
    return {v[0], v[1], v[2]};
  }
  std::vector<ContactInfo> Contacts() const {
    std::vector<ContactInfo> contacts;
    try {
      for (const py::handle contact : object_) {
        const auto fields = py::cast<py::sequence>(contact);
        contacts.push_back({.other_body = fields[2].cast<int>(),
                            .own_link = fields[3].cast<int>(),
                            .other_link = fields[4].cast<int>()});
      }
    } catch (const std::exception&) {
      Fail(fmt::format("{} is {}, expected contacts (flag, body A, body B, link A, link B, ...)", path_,
                       Repr()));
    }
    return contacts;
  }

 private:
  std::string Repr() const { return py::str(py::repr(object_)); }

  py::object object_;
  std::string path_;
};

// An argument of the oracle: an Info or CALVIN's dictionary.
SceneInfo ToSceneInfo(const py::object& object, const char* name) {
  if (py::isinstance<SceneInfo>(object)) return object.cast<SceneInfo>();
  if (py::isinstance<py::dict>(object)) return SceneInfoFromDict(py::reinterpret_borrow<py::dict>(object));
  Fail(fmt::format("{} is {}, expected an info", name, std::string(py::str(py::type::of(object)))));
}

}  // namespace

py::dict ToDict(const SceneInfo& info) {
  std::array<size_t, 3> load_order = {0, 1, 2};
  std::ranges::sort(load_order, {}, [&](size_t i) { return info.blocks[i].uid; });
  py::dict blocks;
  for (const size_t i : load_order) blocks[kBlockNames[i]] = BlockDict(info.blocks[i]);

  py::dict doors;
  doors["base__slide"] = One("current_state", py::float_(info.slide_m));
  doors["base__drawer"] = One("current_state", py::float_(info.drawer_m));
  py::dict lights;
  lights["lightbulb"] = One("logical_state", py::int_(int{info.lightbulb_on}));
  lights["led"] = One("logical_state", py::int_(int{info.led_on}));

  py::dict scene;
  scene["fixed_objects"] = One("table", TableDict(info));
  scene["movable_objects"] = blocks;
  scene["doors"] = doors;
  scene["buttons"] = One("base__button", PressedDict(info.button_m, info.led_on));
  scene["switches"] = One("base__switch", PressedDict(info.switch_m, info.lightbulb_on));
  scene["lights"] = lights;

  py::dict dict;
  dict["robot_info"] = RobotDict(info.robot);
  dict["scene_info"] = scene;
  return dict;
}

SceneInfo SceneInfoFromDict(const py::dict& dict) {
  const Node root(dict, "info");
  SceneInfo info;

  const Node robot = root["robot_info"];
  info.robot.uid = robot["uid"].Integer();
  info.robot.tcp_position = robot["tcp_pos"].Vector();
  info.robot.tcp_euler = robot["tcp_orn"].Vector();
  info.robot.gripper_width = robot["gripper_opening_width"].Number();
  info.robot.arm_joints = robot["arm_joint_states"].Row<7>();
  info.robot.gripper_action = robot["gripper_action"].Number();
  info.robot.contacts = robot["contacts"].Contacts();

  const Node scene = root["scene_info"];
  for (size_t i = 0; i < kBlockNames.size(); ++i) {
    const Node block = scene["movable_objects"][kBlockNames[i]];
    BlockInfo& out = info.blocks[i];
    out.uid = block["uid"].Integer();
    out.position = block["current_pos"].Vector();
    const auto q = block["current_orn"].Row<4>();
    out.orientation = {q[0], q[1], q[2], q[3]};
    out.linear_velocity = block["current_lin_vel"].Vector();
    out.angular_velocity = block["current_ang_vel"].Vector();
    out.contacts = block["contacts"].Contacts();
  }
  const Node table = scene["fixed_objects"]["table"];
  info.table.uid = table["uid"].Integer();
  for (const NamedLink& link : kTableLinks) info.table.*link.link = table["links"][link.name].Integer();
  info.slide_m = scene["doors"]["base__slide"]["current_state"].Number();
  info.drawer_m = scene["doors"]["base__drawer"]["current_state"].Number();
  info.button_m = scene["buttons"]["base__button"]["joint_state"].Number();
  info.switch_m = scene["switches"]["base__switch"]["joint_state"].Number();
  info.lightbulb_on = scene["lights"]["lightbulb"]["logical_state"].Integer() == 1;
  info.led_on = scene["lights"]["led"]["logical_state"].Integer() == 1;
  return info;
}

void BindInfo(py::module_& m) {
  py::class_<SceneInfo>(m, "Info", "A moment of a world as the task oracle sees it.")
      .def(
          "to_dict", [](const SceneInfo& info) { return ToDict(info); }, "CALVIN's info dictionary.");
  m.def(
      "completed_tasks",
      [](const py::object& start, const py::object& end) {
        const std::vector<TaskId> done =
            CompletedTasks(ToSceneInfo(start, "start_info"), ToSceneInfo(end, "end_info"));
        py::list names;
        for (const TaskId task : done) names.append(std::string(Tasks()[task].name));
        return names;
      },
      py::arg("start_info"), py::arg("end_info"));
}

}  // namespace deerbench
