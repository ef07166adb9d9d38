#include "tests/render/recorded_render.h"

#include <algorithm>

#include "base/error.h"
#include "base/png.h"
#include "sim/scene/forward_kinematics.h"
#include "tests/support/npz.h"

namespace deerbench::test {
namespace {

Pose PoseAt(const std::vector<double>& values, size_t row) {
  const double* v = &values[row * 7];
  return {{v[0], v[1], v[2]}, {v[3], v[4], v[5], v[6]}};
}

// From OpenGL's matrices, column major: camera with x right, y up, z backwards.
Camera ToCamera(const Npz& npz, const std::string& name, int width, int height) {
  const std::vector<double> view = npz.at("view_" + name).doubles();
  const std::vector<double> limits = npz.at("near_far_fov_" + name).doubles();
  Camera camera;
  camera.width = width;
  camera.height = height;
  camera.near_m = limits[0];
  camera.far_m = limits[1];
  camera.fov_y_deg = limits[2];
  const Vec3 right{view[0], view[4], view[8]}, up{view[1], view[5], view[9]},
      back{view[2], view[6], view[10]};
  const Vec3 t{view[12], view[13], view[14]};
  const Vec3 eye = -(t.x * right + t.y * up + t.z * back);
  camera.X_WC = LookAt(eye, eye - back, up);
  return camera;
}

SceneState ToState(const Npz& npz, const SceneDescription& scene) {
  SceneState state = SceneStateAsLoaded(scene);
  const auto frame = [&](int body, int link) -> Pose& {
    return state.X_WL[static_cast<size_t>(FrameIndex(scene, body, link))];
  };
  const NpyArray& links = npz.at("robot_link_frames");
  const std::vector<double> frames = links.doubles();
  for (size_t i = 0; i < static_cast<size_t>(links.shape[0]); ++i)
    frame(scene.robot.body, static_cast<int>(i)) = PoseAt(frames, i);

  const std::vector<double> positions = npz.at("block_pos").doubles(), turns = npz.at("block_quat").doubles();
  std::vector<int> blocks(scene.block_bodies.begin(), scene.block_bodies.end());
  std::sort(blocks.begin(), blocks.end());  // recorded in load order
  for (size_t i = 0; i < 3; ++i) {
    const double *p = &positions[3 * i], *q = &turns[4 * i];
    frame(blocks[i], -1) = {{p[0], p[1], p[2]}, {q[0], q[1], q[2], q[3]}};
  }

  const BodyDescription& table = scene.bodies[static_cast<size_t>(scene.table.body)];
  std::vector<double> q(table.links.size() - 1);
  const std::vector<double> table_q = npz.at("table_q").doubles();
  const int joints[4] = {scene.table.slide_link, scene.table.drawer_link, scene.table.button_link,
                         scene.table.switch_link};
  for (size_t i = 0; i < 4; ++i) q[static_cast<size_t>(joints[i])] = table_q[i];
  const std::vector<Pose> table_frames = ForwardKinematics(table, table.X_WB, q);
  for (size_t i = 0; i < table_frames.size(); ++i)
    frame(scene.table.body, static_cast<int>(i) - 1) = table_frames[i];

  const std::vector<int64_t> lights = npz.at("lights").ints();
  state.lightbulb_on = lights[0] != 0;
  state.led_on = lights[1] != 0;
  return state;
}

}  // namespace

std::vector<std::filesystem::path> RecordedRenders(const std::filesystem::path& folder,
                                                   const std::string& kind) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("render_") && name.ends_with("_" + kind + ".npz")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string SceneOfRecording(const std::filesystem::path& npz) {
  return npz.filename().string().substr(7, 1);
}

RecordedRender ReadRecordedRender(const std::filesystem::path& file, const SceneDescription& scene) {
  const Npz npz = ReadNpz(file);
  RecordedRender result;
  result.name = file.stem().string();
  result.scene = SceneOfRecording(file);
  result.state = ToState(npz, scene);
  for (int i = 0; i < 2; ++i) {
    const std::string name = kCameraNames[i];
    const PngImage image = ReadPng(file.parent_path() / (result.name + "_" + name + ".png"), 3);
    Picture& picture = result.pictures[i];
    picture.width = image.width;
    picture.height = image.height;
    picture.rgb = image.pixels;
    picture.depth_m = npz.at("depth_" + name).floats();
    for (const int64_t body : npz.at("seg_" + name).ints())
      picture.segmentation.push_back(static_cast<int32_t>(body));
    result.cameras[i] = ToCamera(npz, name, image.width, image.height);
  }
  return result;
}

}  // namespace deerbench::test
