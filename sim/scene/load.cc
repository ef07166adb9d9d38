#include "sim/scene/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "sim/scene/forward_kinematics.h"
#include "sim/scene/primitive_mesh.h"
#include "sim/scene/urdf.h"
#include "sim/scene/visual_library.h"
#include "sim/scene/yaml_reader.h"

namespace deerbench {
namespace {

namespace fs = std::filesystem;

class SceneLoader {
 public:
  SceneLoader(fs::path files_folder, bool calvin_assets)
      : folder_(std::move(files_folder)), visuals_(scene_.visual) {
    scene_.calvin_assets = calvin_assets;
    scene_.visual.look = calvin_assets ? Look::kPyBullet : Look::kOwn;
  }
  SceneLoader(const SceneLoader&) = delete;
  SceneLoader& operator=(const SceneLoader&) = delete;

  SceneDescription Load(const YamlReader& yaml, const std::string& letter);

 private:
  int AddUrdf(const YamlReader& yaml, const std::string& name, UrdfOptions options);
  void LoadRobot(const YamlReader& yaml);
  void LoadBaseCylinder(const YamlReader& yaml);
  void LoadBlocks(const YamlReader& yaml);
  void LoadTable(const YamlReader& yaml);
  void LoadLight(const YamlReader& yaml, LightSource light, int& link, std::array<float, 4>& rgba);
  void LoadSurfaces(const YamlReader& yaml);
  void LoadCameras(const YamlReader& yaml);

  PrimitiveShading Shading() const {
    return scene_.calvin_assets ? PrimitiveShading::kRadial : PrimitiveShading::kFlat;
  }
  BodyDescription& Body(int index) { return scene_.bodies[static_cast<size_t>(index)]; }

  fs::path folder_;
  SceneDescription scene_;
  VisualLibrary visuals_;
  double global_scaling_ = 1;
};

Pose ReadPose(const YamlReader& yaml, const std::string& position_key, const std::string& orientation_key) {
  return {yaml.Vector(position_key, {}), FromEuler(yaml.Vector(orientation_key, {}))};
}

// Link that the joint of this name moves.
int JointLink(const YamlReader& yaml, const BodyDescription& body, const std::string& joint_name,
              JointDescription::Type type, const char* type_name) {
  for (size_t i = 1; i < body.links.size(); ++i) {
    if (body.links[i].joint.name != joint_name) continue;
    if (body.links[i].joint.type != type)
      yaml.Bad(fmt::format("joint '{}' of {}, expected a {} joint", joint_name, body.file, type_name));
    return static_cast<int>(i) - 1;
  }
  yaml.Bad(fmt::format("joint '{}', expected the name of a joint in {}", joint_name, body.file));
}

int NamedLink(const YamlReader& yaml, const BodyDescription& body, const std::string& key) {
  const std::string name = yaml.Text(key);
  for (size_t i = 0; i < body.links.size(); ++i)
    if (body.links[i].name == name) return static_cast<int>(i) - 1;
  yaml.Child(key).Bad(fmt::format("'{}', expected the name of a link in {}", name, body.file));
}

int SceneLoader::AddUrdf(const YamlReader& yaml, const std::string& name, UrdfOptions options) {
  options.body = static_cast<int>(scene_.bodies.size());
  options.first_frame = FirstFrame(scene_, options.body);
  options.shading = Shading();
  const fs::path file = folder_ / yaml.Text("file");
  std::error_code error;
  if (!fs::is_regular_file(file, error))
    yaml.Child("file").Bad(fmt::format("no file '{}', expected a URDF file", file.string()));
  BodyDescription body = LoadUrdf(file, options, visuals_);
  body.name = name;
  scene_.bodies.push_back(std::move(body));
  return options.body;
}

void SceneLoader::LoadRobot(const YamlReader& yaml) {
  yaml.AllowKeys({"file", "base_position", "base_orientation", "arm_joints", "finger_joints", "tcp_link",
                  "gripper_camera_link", "initial_joint_positions", "lower_joint_limits",
                  "upper_joint_limits", "gripper_open"});
  UrdfOptions options;
  options.fixed_base = true;
  options.X_WB = {yaml.Vector("base_position"), FromEuler(yaml.Vector("base_orientation", {}))};
  RobotRoles& robot = scene_.robot;
  robot.body = AddUrdf(yaml, "robot", options);
  const BodyDescription& body = Body(robot.body);
  const auto arm = yaml.Texts("arm_joints", 7), fingers = yaml.Texts("finger_joints", 2);
  const auto initial = yaml.Numbers("initial_joint_positions", 7);
  const auto lower = yaml.Numbers("lower_joint_limits", 7), upper = yaml.Numbers("upper_joint_limits", 7);
  for (size_t i = 0; i < 7; ++i) {
    robot.arm_links[i] =
        JointLink(yaml.Child("arm_joints"), body, arm[i], JointDescription::Type::kRevolute, "revolute");
    robot.initial_joint_positions_rad[i] = initial[i];
    robot.lower_joint_limits_rad[i] = lower[i];
    robot.upper_joint_limits_rad[i] = upper[i];
    if (!(lower[i] < upper[i]))
      yaml.Child("upper_joint_limits")
          .Bad(fmt::format("{}, expected more than the lower limit {}", upper[i], lower[i]));
  }
  for (size_t i = 0; i < 2; ++i)
    robot.finger_links[i] = JointLink(yaml.Child("finger_joints"), body, fingers[i],
                                      JointDescription::Type::kPrismatic, "prismatic");
  robot.tcp_link = NamedLink(yaml, body, "tcp_link");
  robot.gripper_camera_link = NamedLink(yaml, body, "gripper_camera_link");
  // The simulator numbers the base -1 and keeps its pose elsewhere.
  for (const auto& [key, link] :
       {std::pair("tcp_link", robot.tcp_link), std::pair("gripper_camera_link", robot.gripper_camera_link)}) {
    if (link < 0)
      yaml.Child(key).Bad(
          fmt::format("'{}', expected a link behind a joint, not the base of {}", yaml.Text(key), body.file));
  }
  robot.gripper_joint_open_m = yaml.Number("gripper_open");
}

void SceneLoader::LoadBaseCylinder(const YamlReader& yaml) {
  yaml.AllowKeys({"file", "radius", "length", "rgba", "position", "orientation"});
  const Pose X_WV{yaml.Vector("position"), FromEuler(yaml.Vector("orientation", {}))};
  if (yaml.Has("file")) {
    if (yaml.Has("radius") || yaml.Has("length") || yaml.Has("rgba"))
      yaml.Bad("both file and radius, length or rgba, expected one of the two");
    UrdfOptions options;
    options.fixed_base = true;
    options.X_WB = X_WV;
    const BodyDescription& body = Body(AddUrdf(yaml, "base_cylinder", options));
    if (body.links.size() != 1 || !body.links[0].collisions.empty())
      yaml.Child("file").Bad("more than one link or a collision shape, expected a body that is only seen");
    return;
  }
  const double radius = yaml.Number("radius"), length = yaml.Number("length");
  if (!(radius > 0 && length > 0))
    yaml.Bad(fmt::format("radius {} and length {}, expected more than 0", radius, length));
  VisualInstance instance;
  instance.body = static_cast<int>(scene_.bodies.size());
  instance.frame = FirstFrame(scene_, instance.body);
  instance.mesh = visuals_.AddMesh(CylinderMesh(radius, length, Shading()));
  instance.material =
      visuals_.MaterialFor(yaml.Has("rgba") ? yaml.Color("rgba") : std::array<float, 4>{1, 1, 1, 1}, -1);
  instance.X_LV = X_WV;
  instance.is_static = true;
  scene_.visual.instances.push_back(instance);
  // As in CALVIN the body is at the origin and its visual is not.
  BodyDescription body;
  body.name = "base_cylinder";
  body.fixed_base = true;
  body.links.resize(1);
  body.links[0].name = "link0";
  scene_.bodies.push_back(std::move(body));
}

void SceneLoader::LoadBlocks(const YamlReader& yaml) {
  scene_.block_names = {"block_red", "block_blue", "block_pink"};
  scene_.block_bodies = {-1, -1, -1};
  const SurfaceBox& table = scene_.surfaces.table;
  const std::vector<YamlReader> items = yaml.Items("blocks");
  const bool sleep = yaml.Flag("blocks_sleep", false);
  if (items.size() != 3) yaml.Child("blocks").Bad(fmt::format("list of {}, expected 3 blocks", items.size()));
  for (size_t i = 0; i < items.size(); ++i) {
    items[i].AllowKeys({"name", "file", "position", "orientation"});
    const std::string name = items[i].Text("name");
    const auto found = std::find(scene_.block_names.begin(), scene_.block_names.end(), name);
    if (found == scene_.block_names.end())
      items[i].Child("name").Bad(fmt::format("'{:.60}', expected block_red, block_blue or block_pink", name));
    int& body = scene_.block_bodies[static_cast<size_t>(found - scene_.block_names.begin())];
    if (body >= 0) items[i].Child("name").Bad(fmt::format("'{}' twice", name));
    UrdfOptions options;
    options.global_scaling = global_scaling_;
    // Side by side on the table until a reset puts them somewhere.
    const double share = (static_cast<double>(i) + 0.5) / 3;
    options.X_WB.p = {table.min.x + share * (table.max.x - table.min.x), (table.min.y + table.max.y) / 2,
                      table.min.z};
    if (items[i].Has("position")) options.X_WB = ReadPose(items[i], "position", "orientation");
    body = AddUrdf(items[i], name, options);
    if (Body(body).fixed_base) items[i].Child("file").Bad("base of mass 0, expected a block that can move");
    if (Body(body).links.size() != 1) items[i].Child("file").Bad("several links, expected one");
    scene_.bodies[static_cast<size_t>(body)].may_sleep = sleep;
  }
}

void SceneLoader::LoadLight(const YamlReader& yaml, LightSource light, int& link,
                            std::array<float, 4>& rgba) {
  yaml.AllowKeys({"link", "color"});
  link = NamedLink(yaml, Body(scene_.table.body), "link");
  rgba = yaml.Color("color");
  for (VisualInstance& instance : scene_.visual.instances) {
    if (instance.body != scene_.table.body || instance.link != link) continue;
    instance.light = light;
    instance.lit_rgba = rgba;
  }
}

void SceneLoader::LoadTable(const YamlReader& yaml) {
  yaml.AllowKeys({"file", "position", "orientation", "joints", "plank_link", "lights"});
  UrdfOptions options;
  options.global_scaling = global_scaling_;
  options.X_WB = ReadPose(yaml, "position", "orientation");
  TableRoles& table = scene_.table;
  table.body = AddUrdf(yaml, "table", options);
  const BodyDescription& body = Body(table.body);
  if (!body.fixed_base) yaml.Child("file").Bad("base with a mass, expected 0 as the table stands still");
  const YamlReader joints = yaml.Child("joints");
  joints.AllowKeys({"slide", "drawer", "button", "switch"});
  const auto joint_link = [&](const std::string& key) {
    const int link =
        JointLink(joints.Child(key), body, joints.Text(key), JointDescription::Type::kPrismatic, "prismatic");
    const JointDescription& joint = body.links[static_cast<size_t>(link) + 1].joint;
    if (!(joint.lower < joint.upper))
      joints.Child(key).Bad(
          fmt::format("limits {} to {} in {}, expected a range", joint.lower, joint.upper, body.file));
    return link;
  };
  table.slide_link = joint_link("slide");
  table.drawer_link = joint_link("drawer");
  table.button_link = joint_link("button");
  table.switch_link = joint_link("switch");
  table.plank_link = NamedLink(yaml, body, "plank_link");
  const YamlReader lights = yaml.Child("lights");
  lights.AllowKeys({"lightbulb", "led"});
  LoadLight(lights.Child("lightbulb"), LightSource::kLightbulb, table.light_link, table.lightbulb_rgba);
  LoadLight(lights.Child("led"), LightSource::kLed, table.led_link, table.led_rgba);
}

SurfaceBox ReadBox(const YamlReader& yaml, const std::string& key) {
  const std::vector<Vec3> corners = yaml.Vectors(key, 2);
  const SurfaceBox box{corners[0], corners[1]};
  if (!(box.min.x <= box.max.x && box.min.y <= box.max.y && box.min.z <= box.max.z))
    yaml.Child(key).Bad("first corner above the second, expected [min, max]");
  return box;
}

void SceneLoader::LoadSurfaces(const YamlReader& yaml) {
  yaml.AllowKeys({"table", "slider_left", "slider_right"});
  scene_.surfaces.table = ReadBox(yaml, "table");
  scene_.surfaces.slider_left = ReadBox(yaml, "slider_left");
  scene_.surfaces.slider_right = ReadBox(yaml, "slider_right");
}

CameraDescription ReadCamera(const YamlReader& yaml) {
  CameraDescription camera;
  camera.width = yaml.Integer("width", 1, 8192);
  camera.height = yaml.Integer("height", 1, 8192);
  if (camera.height != camera.width)
    yaml.Child("height").Bad(
        fmt::format("{}, expected the width ({}): pictures are square", camera.height, camera.width));
  camera.fov_y_deg = yaml.Number("fov");
  camera.near_m = yaml.Number("near");
  camera.far_m = yaml.Number("far");
  if (!(camera.fov_y_deg > 0 && camera.fov_y_deg < 180))
    yaml.Child("fov").Bad(fmt::format("{}, expected 0 to 180 degrees", camera.fov_y_deg));
  if (!(camera.near_m > 0 && camera.near_m < camera.far_m))
    yaml.Child("near").Bad(
        fmt::format("{}, expected more than 0 and less than far ({})", camera.near_m, camera.far_m));
  return camera;
}

void SceneLoader::LoadCameras(const YamlReader& yaml) {
  yaml.AllowKeys({"static", "gripper"});
  const YamlReader fixed = yaml.Child("static"), gripper = yaml.Child("gripper");
  fixed.AllowKeys({"width", "height", "fov", "near", "far", "look_from", "look_at", "up"});
  gripper.AllowKeys({"width", "height", "fov", "near", "far"});
  scene_.static_camera = ReadCamera(fixed);
  scene_.static_camera.eye = fixed.Vector("look_from");
  scene_.static_camera.target = fixed.Vector("look_at");
  scene_.static_camera.up = fixed.Vector("up");
  const Vec3 forward = scene_.static_camera.target - scene_.static_camera.eye;
  if (!(Norm(Cross(forward, scene_.static_camera.up)) > 1e-9))
    fixed.Bad("look_from, look_at and up lie on one line, expected a view with an upward direction");
  scene_.gripper_camera = ReadCamera(gripper);
}

SceneDescription SceneLoader::Load(const YamlReader& yaml, const std::string& letter) {
  yaml.AllowKeys({"name", "global_scaling", "robot", "base_cylinder", "blocks", "blocks_sleep", "table",
                  "plane", "static_bodies", "surfaces", "cameras"});
  scene_.name = yaml.Text("name");
  if (scene_.name != letter)
    yaml.Child("name").Bad(fmt::format("'{:.60}', expected '{}' as in the file's name", scene_.name, letter));
  global_scaling_ = yaml.Number("global_scaling", 1);
  LoadSurfaces(yaml.Child("surfaces"));
  LoadCameras(yaml.Child("cameras"));
  LoadRobot(yaml.Child("robot"));
  LoadBaseCylinder(yaml.Child("base_cylinder"));
  LoadBlocks(yaml);
  LoadTable(yaml.Child("table"));
  const YamlReader plane = yaml.Child("plane");
  plane.AllowKeys({"file", "position"});
  UrdfOptions options;
  options.X_WB.p = plane.Vector("position", {});
  if (!Body(AddUrdf(plane, "plane", options)).fixed_base)
    plane.Child("file").Bad("base with a mass, expected 0 as the plane stands still");
  if (!yaml.Has("static_bodies")) return std::move(scene_);
  for (const YamlReader& item : yaml.Items("static_bodies")) {
    item.AllowKeys({"name", "file", "position", "orientation"});
    options.fixed_base = true;
    options.X_WB = ReadPose(item, "position", "orientation");
    AddUrdf(item, item.Text("name"), options);
  }
  return std::move(scene_);
}

// "A, B, ..." for messages: the letters of all scene_*.yaml in a folder.
std::string KnownScenes(const fs::path& folder) {
  std::vector<std::string> letters;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string stem = entry.path().stem().string();
    if (entry.path().extension() == ".yaml" && stem.starts_with("scene_")) letters.push_back(stem.substr(6));
  }
  std::sort(letters.begin(), letters.end());
  return letters.empty() ? fmt::format("(none in {})", folder.string())
                         : fmt::format("{}", fmt::join(letters, ", "));
}

}  // namespace

SceneDescription LoadSceneDescription(const std::string& letter, const std::string& scenes_dir,
                                      const std::string& assets_dir) {
  const bool calvin_assets = !assets_dir.empty();
  const fs::path yaml_folder = calvin_assets ? fs::path(scenes_dir) / "calvin" : fs::path(scenes_dir);
  std::error_code error;
  if (!fs::is_directory(scenes_dir, error))
    Fail(fmt::format("scenes folder '{}': no such folder", scenes_dir));
  if (calvin_assets && !fs::is_directory(assets_dir, error))
    Fail(fmt::format("assets folder '{}': no such folder, expected CALVIN's data folder", assets_dir));
  const bool is_name =
      !letter.empty() && letter.size() <= 40 && std::all_of(letter.begin(), letter.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
      });
  const fs::path file = yaml_folder / fmt::format("scene_{}.yaml", is_name ? letter : "");
  if (!is_name || !fs::is_regular_file(file, error))
    Fail(fmt::format("scene '{:.40}', expected one of {}", letter, KnownScenes(yaml_folder)));
  return SceneLoader(calvin_assets ? fs::path(assets_dir) : fs::path(scenes_dir), calvin_assets)
      .Load(YamlReader::FromFile(file), letter);
}

}  // namespace deerbench
