// Demonstrations seen as if everything stood elsewhere.
#include "harness/training/view_shift.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>

#include "datasets/demo_file.h"
#include "datasets/rollout.h"
#include "harness/training/demo_set.h"
#include "harness/training/landmarks.h"
#include "harness/training/scene_targets.h"
#include "sim/env/tabletop.h"
#include "sim/physics/world_state.h"
#include "sim/render/render_scene.h"
#include "tests/harness/scenes.h"

namespace deerbench {
namespace {

// Two subtasks of the expert in scene B, in a file.
std::filesystem::path TwoDemonstrations(const TabletopScene& scene) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() / "deerbench-view-shift.h5";
  std::filesystem::remove(path);
  CollectSettings settings;
  settings.scenes = {"B"};
  CollectPlan plan(settings);
  const Instructions instructions = LoadInstructions(ScenesFolder() + "/instructions.yaml");
  DemoWriter writer = DemoWriter::Create(path, ToJson(settings));
  while (writer.demos().size() < 2)
    for (const Demonstration& demo :
         CarryOut(scene.model, settings, plan.Next(), instructions, std::atomic<bool>(false)).demos)
      writer.Append(demo);
  return path;
}

}  // namespace

TEST_CASE("A shift is the subtask's own, and no longer than asked for") {
  Vec3 mean;
  for (int unit = 0; unit < 400; ++unit) {
    const Vec3 s = ViewShiftOf(0.06, 1, unit, 0);
    CHECK((std::abs(s.x) <= 0.06 && std::abs(s.y) <= 0.06 && std::abs(s.z) <= 0.03));
    CHECK(s == ViewShiftOf(0.06, 1, unit, 0));
    CHECK_FALSE(s == ViewShiftOf(0.06, 1, unit, 1));
    CHECK_FALSE(s == ViewShiftOf(0.06, 2, unit, 0));
    mean = mean + (1.0 / 400) * s;
  }
  CHECK(Norm(mean) < 0.006);
  CHECK(ViewShiftOf(0, 1, 2, 3) == Vec3{});
}

TEST_CASE("What the shifted camera sees at a place is what the scene's own would see that much further") {
  const TabletopScene scene = LoadTabletopScene("A", ScenesFolder());
  const Camera camera = scene.model->static_camera();
  const Vec3 shift = {0.04, -0.05, 0.02}, p = {0.1, -0.1, 0.47};
  const MapPlace a = PlaceOnMap(Shifted(camera, shift), 25, p), b = PlaceOnMap(camera, 25, p + shift);
  CHECK(a.column == Approx(b.column));
  CHECK(a.row == Approx(b.row));
  const MapPlace before = PlaceOnMap(camera, 25, p);
  CHECK(std::hypot(a.column - before.column, a.row - before.row) > 0.5f);
}

TEST_CASE("Demonstrations are felt and drawn where they are seen, and labelled as they were") {
  const TabletopScene scene = LoadTabletopScene("B", ScenesFolder());
  const std::filesystem::path path = TwoDemonstrations(scene);
  DemoSet plain, moved(0.06);
  plain.Add(path);
  moved.Add(path);
  const int64_t frame = 5, other = plain.episodes()[1].begin + 3;
  for (const int64_t f : {frame, other}) {
    const int demo = f == frame ? 0 : 1;
    const Vec3 shift = moved.view_shift(0, demo);
    CHECK(Norm(shift) > 0);
    CHECK(moved.robot_obs(f)[0] == Approx(plain.robot_obs(f)[0] + shift.x));
    CHECK(moved.robot_obs(f)[2] == Approx(plain.robot_obs(f)[2] + shift.z));
    CHECK(moved.robot_obs(f)[3] == plain.robot_obs(f)[3]);
    CHECK(moved.label(f) == plain.label(f));
  }

  const FrameRef ref = moved.ref(0, other);
  const WorldState state = moved.reader(0)->ReadStates(ref.demo)[static_cast<size_t>(ref.step)];
  const Vec3 shift = moved.view_shift(0, ref.demo);
  const SceneTargets there = TargetsOf(state, shift), here = TargetsOf(state);
  CHECK(there.numbers[0] - here.numbers[0] == Approx(shift.x / 0.2).margin(1e-5));  // red block in W
  CHECK(there.numbers[3] == here.numbers[3]);                                       // seen from the hand

  const auto load = [&](const DemoSet& data, std::vector<uint8_t>& rgb_gripper) {
    std::vector<uint8_t> rgb(FrameLoader::kStaticBytes);
    rgb_gripper.resize(FrameLoader::kGripperBytes);
    FrameLoader loader(data.reader(0), {{"B", scene}}, data.LoaderOptions(1));
    loader.Load(std::vector<FrameRef>{ref}, {.rgb_static = rgb.data(), .rgb_gripper = rgb_gripper.data()});
    return rgb;
  };
  std::vector<uint8_t> gripper_there, gripper_here;
  const std::vector<uint8_t> seen = load(moved, gripper_there);
  CHECK(seen != load(plain, gripper_here));
  CHECK(gripper_there == gripper_here);
  Renderer renderer(scene.render, OptionsOf(scene.render->look));
  std::vector<uint8_t> expected(FrameLoader::kStaticBytes);
  renderer.Render(MakeSceneState(*scene.model, state), Shifted(scene.model->static_camera(), shift),
                  {.rgb = expected.data()});
  CHECK(seen == expected);
  std::filesystem::remove(path);
}

}  // namespace deerbench
