#include "sim/scene/load.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "base/error.h"
#include "base/file.h"
#include "sim/scene/forward_kinematics.h"
#include "sim/scene/mesh_io.h"
#include "tests/scene/temp_folder.h"

namespace deerbench {
namespace {

using Catch::Contains;
using test::TempFolder;

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

// A complete scene of primitive shapes.
const std::string kYaml = R"(name: T
global_scaling: 0.5
robot:
  file: robot.urdf
  base_position: [-1, 0, 0.5]
  arm_joints: [j0, j1, j2, j3, j4, j5, j6]
  finger_joints: [f0, f1]
  tcp_link: tcp
  gripper_camera_link: l6
  initial_joint_positions: [0.1, 0, 0, 0, 0, 0, 0]
  lower_joint_limits: [-1, -1, -1, -1, -1, -1, -1]
  upper_joint_limits: [1, 1, 1, 1, 1, 1, 1]
  gripper_open: 0.04
base_cylinder: {radius: 0.1, length: 0.5, position: [-1, 0, 0.25]}
blocks:
  - {name: block_pink, file: block.urdf}
  - {name: block_blue, file: block.urdf}
  - {name: block_red, file: block.urdf}
table:
  file: table.urdf
  position: [0, 0, 0.1]
  joints: {slide: slide, drawer: drawer, button: button, switch: switch}
  plank_link: plank
  lights:
    lightbulb: {link: bulb, color: [1, 1, 0, 1]}
    led: {link: led, color: [0, 1, 0, 1]}
plane: {file: plane.urdf}
static_bodies:
  - {name: wall, file: plane.urdf, position: [0, 2, 0], orientation: [0, 0, 1]}
surfaces:
  table: [[0, 0, 0.4], [0.3, 0.1, 0.4]]
  slider_left: [[0, 0, 0.4], [0.3, 0.1, 0.4]]
  slider_right: [[0, 0, 0.4], [0.3, 0.1, 0.4]]
cameras:
  static: {width: 20, height: 20, fov: 10, near: 0.01, far: 10, look_from: [3, 0, 2], look_at: [0, 0, 0], up: [0, 0, 1]}
  gripper: {width: 84, height: 84, fov: 75, near: 0.01, far: 2}
)";

std::string Link(const std::string& name, const std::string& mass) {
  return "<link name='" + name + "'><inertial><mass value='" + mass +
         "'/></inertial><visual><geometry><box size='1 1 1'/></geometry></visual></link>\n";
}

std::string Joint(const std::string& name, const std::string& type, const std::string& parent,
                  const std::string& child) {
  return "<joint name='" + name + "' type='" + type + "'><parent link='" + parent + "'/><child link='" +
         child + "'/><limit lower='0' upper='0.2'/></joint>\n";
}

void WriteFiles(const TempFolder& folder) {
  std::string robot =
      "<robot name='arm'>" + Link("base", "1") + Link("tcp", "1") + Link("g0", "1") + Link("g1", "1");
  std::string parent = "base";
  for (int i = 0; i < 7; ++i) {
    const std::string link = fmt::format("l{}", i);
    robot += Link(link, "1") + Joint(fmt::format("j{}", i), "revolute", parent, link);
    parent = link;
  }
  robot += Joint("f0", "prismatic", "l6", "g0") + Joint("f1", "prismatic", "l6", "g1") +
           Joint("t", "fixed", "l6", "tcp");
  folder.Write("robot.urdf", robot + "</robot>");
  std::string table = "<robot name='table'>" + Link("base", "0");
  for (const std::string name : {"slide", "drawer", "button", "switch"})
    table += Link(name + "_link", "1") + Joint(name, "prismatic", "base", name + "_link");
  for (const std::string name : {"plank", "bulb", "led"})
    table += Link(name, "1") + Joint(fmt::format("to_{}", name), "fixed", "base", name);
  folder.Write("table.urdf", table + "</robot>");
  folder.Write("block.urdf", "<robot name='block'>" + Link("base", "1") + "</robot>");
  folder.Write("plane.urdf", "<robot name='plane'>" + Link("base", "0") + "</robot>");
}

SceneDescription LoadText(const TempFolder& folder, const std::string& yaml) {
  folder.Write("scene_T.yaml", yaml);
  return LoadSceneDescription("T", folder.path().string());
}

TEST_CASE("A scene file puts bodies in CALVIN's order and resolves names to indices") {
  const TempFolder folder;
  WriteFiles(folder);
  const SceneDescription scene = LoadText(folder, kYaml);
  std::vector<std::string> names;
  for (const BodyDescription& body : scene.bodies) names.push_back(body.name);
  CHECK(names == std::vector<std::string>{"robot", "base_cylinder", "block_pink", "block_blue", "block_red",
                                          "table", "plane", "wall"});
  CHECK(scene.block_bodies == std::array<int, 3>{4, 3, 2});  // red, blue, pink
  CHECK(scene.robot.arm_links == std::array<int, 7>{0, 1, 2, 3, 4, 5, 6});
  CHECK(scene.robot.finger_links == std::array<int, 2>{7, 8});
  CHECK(scene.robot.tcp_link == 9);
  CHECK(scene.robot.gripper_camera_link == 6);
  CHECK(scene.table.body == 5);
  CHECK(scene.table.switch_link == 3);
  CHECK(scene.table.led_link == 6);
  CHECK(scene.bodies[5].links[1].joint.upper == 0.5 * 0.2);
  CHECK(scene.bodies[0].links[8].joint.upper == 0.2);  // the robot is not scaled
  CHECK(scene.static_camera.width == 20);
  CHECK(scene.gripper_camera.fov_y_deg == 75);
}

TEST_CASE("Lights are marked on the visuals of their links") {
  const TempFolder folder;
  WriteFiles(folder);
  const SceneDescription scene = LoadText(folder, kYaml);
  int bulbs = 0, leds = 0;
  for (const VisualInstance& instance : scene.visual.instances) {
    if (instance.light == LightSource::kNone) continue;
    CHECK(instance.body == scene.table.body);
    const bool is_bulb = instance.light == LightSource::kLightbulb;
    CHECK(instance.link == (is_bulb ? scene.table.light_link : scene.table.led_link));
    CHECK(instance.lit_rgba[0] == (is_bulb ? 1.0f : 0.0f));
    (is_bulb ? bulbs : leds) += 1;
  }
  CHECK(bulbs == 1);
  CHECK(leds == 1);
}

TEST_CASE("The initial state has a pose for every frame, the arm in its initial position") {
  const TempFolder folder;
  WriteFiles(folder);
  const SceneDescription scene = LoadText(folder, kYaml);
  const SceneState state = SceneStateAsLoaded(scene);
  CHECK(static_cast<int>(state.X_WL.size()) == FirstFrame(scene, static_cast<int>(scene.bodies.size())));
  for (const VisualInstance& instance : scene.visual.instances) {
    CHECK(instance.frame == FrameIndex(scene, instance.body, instance.link));
    CHECK(instance.frame < static_cast<int>(state.X_WL.size()));
  }
  CHECK(state.X_WL[0].p == Vec3{-1, 0, 0.5});
  CHECK(state.X_WL[1].q.x == Approx(std::sin(0.05)));
  const Pose& finger = state.X_WL[static_cast<size_t>(FrameIndex(scene, 0, scene.robot.finger_links[0]))];
  CHECK(finger.p.x == Approx(-1 + 0.04));
}

TEST_CASE("Our own scenes load and have every part in its place") {
  const char* scenes = std::getenv("DEERBENCH_SCENES");
  REQUIRE(scenes);
  for (const std::string letter : {"A", "B", "C", "D"}) {
    const SceneDescription scene = LoadSceneDescription(letter, scenes);
    CHECK(scene.name == letter);
    CHECK_FALSE(scene.calvin_assets);
    CHECK(scene.bodies.size() >= 7);
    CHECK(scene.robot.body == 0);
    CHECK(scene.table.body == 5);
    CHECK(scene.bodies[5].fixed_base);
    for (const VisualInstance& instance : scene.visual.instances) {
      REQUIRE(static_cast<size_t>(instance.mesh) < scene.visual.meshes.size());
      REQUIRE(static_cast<size_t>(instance.material) < scene.visual.materials.size());
    }
  }
}

TEST_CASE("What is wrong in a scene file is named with file, line, key and value") {
  const TempFolder folder;
  WriteFiles(folder);
  const auto message = [&](const std::string& from, const std::string& to) -> std::string {
    try {
      LoadText(folder, Replaced(kYaml, from, to));
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  CHECK_THAT(message("global_scaling", "global_scalling"),
             Contains("scene_T.yaml") && Contains("global_scalling"));
  CHECK_THAT(message("name: T", "name: D"), Contains("'D'"));
  CHECK_THAT(message("global_scaling: 0.5", "global_scaling: -1"), Contains("-1"));
  CHECK_THAT(message("global_scaling: 0.5", "global_scaling: .nan"), Contains("nan"));
  CHECK_THAT(message("[j0,", "[j9,"), Contains("robot.arm_joints") && Contains("j9") && Contains("line 6"));
  CHECK_THAT(message("[j0,", "[f0,"), Contains("revolute"));
  CHECK_THAT(message("[j0, j1,", "[j0,"), Contains("list of 6"));
  CHECK_THAT(message("tcp_link: tcp", "tcp_link: hand"), Contains("robot.tcp_link") && Contains("'hand'"));
  for (const std::string role : {"tcp_link: tcp", "gripper_camera_link: l6"}) {
    const std::string key = role.substr(0, role.find(':'));
    CHECK_THAT(
        message(role, key + ": base"),
        Contains("robot." + key) && Contains("'base', expected a link behind a joint, not the base of"));
  }
  CHECK_THAT(message("upper_joint_limits: [1,", "upper_joint_limits: [-2,"), Contains("upper_joint_limits"));
  CHECK_THAT(message("file: robot.urdf", "file: none.urdf"), Contains("none.urdf"));
  CHECK_THAT(message("name: block_blue", "name: block_pink"), Contains("'block_pink' twice"));
  CHECK_THAT(message("name: block_blue", "name: block_green"), Contains("block_green"));
  CHECK_THAT(message("slide: slide", "slide: to_led"),
             Contains("table.joints.slide") && Contains("prismatic"));
  CHECK_THAT(message("link: bulb", "link: lamp"),
             Contains("table.lights.lightbulb.link") && Contains("lamp"));
  CHECK_THAT(message("color: [1, 1, 0, 1]", "color: [1, 2, 0, 1]"), Contains("expected 0 to 1"));
  CHECK_THAT(message("file: table.urdf", "file: block.urdf"), Contains("table.file"));
  CHECK_THAT(message("plane: {file: plane.urdf}\n", ""), Contains("'plane'"));
  CHECK_THAT(message("width: 20", "width: 0"), Contains("cameras.static.width"));
  CHECK_THAT(message("height: 20", "height: 10"),
             Contains("cameras.static.height") && Contains("10, expected the width (20)"));
  CHECK_THAT(message("up: [0, 0, 1]", "up: [3, 0, 2]"), Contains("one line"));
  CHECK_THAT(message("fov: 75", "fov: 180"), Contains("cameras.gripper.fov"));
  CHECK_THAT(message("table: [[0, 0, 0.4]", "table: [[1, 0, 0.4]"), Contains("surfaces.table"));
  CHECK_THAT(message("name: T", "name: [T"), Contains("not YAML"));
  CHECK_THAT(message("global_scaling: 0.5", "name: T"), Contains("twice"));
}

TEST_CASE("An unknown scene or a missing folder is an error that says what there is") {
  const TempFolder folder;
  WriteFiles(folder);
  folder.Write("scene_T.yaml", kYaml);
  const std::string path = folder.path().string();
  CHECK_THROWS_WITH(LoadSceneDescription("X", path), Contains("'X'") && Contains("one of T"));
  CHECK_THROWS_WITH(LoadSceneDescription("../scene_T", path), Contains("expected one of"));
  CHECK_THROWS_WITH(LoadSceneDescription("T", path + "/none"), Contains("scenes folder"));
  CHECK_THROWS_WITH(LoadSceneDescription("T", path, path + "/none"), Contains("assets folder"));
}

TEST_CASE("Files with bytes changed at random load or are errors, and never crash") {
  const TempFolder folder;
  WriteFiles(folder);
  folder.Write("scene_T.yaml", kYaml);
  folder.Write("m.mtl", "newmtl a\nKd 1 1 1\n");
  folder.Write(
      "m.obj",
      "mtllib m.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvn 0 0 1\nusemtl a\no x\nf 1/1/1 2/1/1 3/1/1\n");
  folder.Write("m.stl", "solid\nfacet normal 0 0 1\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendfacet\n");
  std::mt19937 random(1);
  int num_errors = 0, num_loaded = 0;
  for (const std::string name : {"scene_T.yaml", "table.urdf", "block.urdf", "m.obj", "m.mtl", "m.stl"}) {
    const std::string good = ReadFile(folder.path() / name);
    for (int round = 0; round < 150; ++round) {
      std::string bytes = good;
      const int num_changes = 1 + static_cast<int>(random() % 4);
      for (int i = 0; i < num_changes; ++i) {
        const size_t at = random() % bytes.size();
        switch (random() % 3) {
          case 0:
            bytes[at] = static_cast<char>(random() & 255);
            break;
          case 1:
            bytes.erase(at, 1 + random() % 8);
            break;
          default:
            bytes.insert(at, bytes.substr(random() % bytes.size(), 1 + random() % 8));
        }
        if (bytes.empty()) bytes.push_back('x');
      }
      folder.Write(name, bytes);
      try {
        if (name.starts_with("m.")) {
          LoadVisualMesh(folder.path() / (name == "m.stl" ? "m.stl" : "m.obj"));
        } else {
          LoadSceneDescription("T", folder.path().string());
        }
        ++num_loaded;
      } catch (const Error&) {
        ++num_errors;
      }
    }
    folder.Write(name, good);
  }
  CHECK(num_errors > 100);
  CHECK(num_loaded > 100);
}

}  // namespace
}  // namespace deerbench
