#include "datasets/frame_loader.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "sim/env/start.h"
#include "sim/expert/expert.h"
#include "sim/tasks/starts.h"
#include "tests/datasets/example_demos.h"

namespace deerbench::test {
namespace {

using Catch::Contains;

struct Seen {
  std::vector<uint8_t> rgb_static, rgb_gripper;
};

// The first steps of a task, and the pictures that a policy would have seen meanwhile.
Demonstration Watch(const TabletopScene& scene, const std::string& task, int steps, std::vector<Seen>& seen) {
  Tabletop tabletop(scene);
  Demonstration demo;
  demo.info = {.task = TaskByName(task), .sentence = task, .scene = scene.model->name(), .length = steps};
  tabletop.ResetFresh(StartOf(*scene.model, ShortestStarts(demo.info.task).front().state));
  Expert expert(scene.model);
  expert.Reset(tabletop.world(), demo.info.task, 1);
  Observation observation;
  const auto look = [&] {
    tabletop.Observe(observation);
    seen.push_back({observation.rgb_static, observation.rgb_gripper});
    demo.states.push_back(tabletop.world().Save().state);
  };
  look();
  for (int t = 0; t < steps; ++t) {
    demo.robot_obs.push_back(observation.robot_obs);
    demo.scene_obs.push_back(observation.scene_obs);
    demo.actions.push_back(expert.Step(tabletop.world()).action);
    demo.executed.push_back(demo.actions.back());
    tabletop.world().Step(demo.executed.back());
    look();
  }
  return demo;
}

// The pictures of Watch as a recorder would keep them.
void Store(const std::vector<Seen>& seen, Demonstration& demo) {
  StoredArray on_table{.name = kStoredStatic, .shape = {seen.size(), 200, 200, 3}, .bytes = {}};
  StoredArray on_gripper{.name = kStoredGripper, .shape = {seen.size(), 84, 84, 3}, .bytes = {}};
  const auto append = [](StoredArray& array, const std::vector<uint8_t>& rgb) {
    const auto bytes = std::as_bytes(std::span(rgb));
    array.bytes.insert(array.bytes.end(), bytes.begin(), bytes.end());
  };
  for (const Seen& moment : seen) {
    append(on_table, moment.rgb_static);
    append(on_gripper, moment.rgb_gripper);
  }
  demo.stored = {std::move(on_table), std::move(on_gripper)};
}

struct Pictures {
  std::vector<uint8_t> rgb_static, rgb_gripper;
  bool operator==(const Pictures&) const = default;
};

Pictures LoadAll(FrameLoader& loader, const std::vector<FrameRef>& frames) {
  Pictures out{std::vector<uint8_t>(frames.size() * FrameLoader::kStaticBytes),
               std::vector<uint8_t>(frames.size() * FrameLoader::kGripperBytes)};
  loader.Load(frames, {.rgb_static = out.rgb_static.data(), .rgb_gripper = out.rgb_gripper.data()});
  return out;
}

TEST_CASE("Pictures drawn on load equal the stored ones bit for bit, and stored ones need no states") {
  const ScratchFolder folder;
  const std::string scenes_dir = std::getenv("DEERBENCH_SCENES");
  {
    std::vector<Seen> seen;
    Demonstration demo = Watch(LoadTabletopScene("C", scenes_dir), "move_slider_right", 14, seen);
    Store(seen, demo);
    DemoWriter writer = DemoWriter::Create(folder / "demos.h5", "{}");
    writer.Append(demo);
    demo.states.clear();
    writer.Append(demo);
  }
  const auto reader = std::make_shared<const DemoReader>(folder / "demos.h5");
  CHECK(HasPictures(reader->demos()[0]));
  CHECK(reader->demos()[0].has_states);
  CHECK_FALSE(reader->demos()[1].has_states);
  CHECK(reader->demos()[1].moments == 15);
  CHECK(reader->Read(1).states.empty());
  FrameLoader stored(reader, LoadScenesOf(*reader, scenes_dir), {.threads = 2});
  FrameLoader drawn(reader, LoadScenesOf(*reader, scenes_dir), {.threads = 2, .draw = true});
  for (const bool forwards : {true, false}) {
    std::vector<FrameRef> with_states, without_states;
    for (int t = 0; t <= 14; ++t) {
      const int step = forwards ? t : 14 - t;
      with_states.push_back({.demo = 0, .step = step});
      without_states.push_back({.demo = 1, .step = step});
    }
    const Pictures expected = LoadAll(drawn, with_states);
    CHECK(LoadAll(stored, with_states) == expected);
    CHECK(LoadAll(stored, without_states) == expected);
  }
  const std::vector<FrameRef> bare{{.demo = 1, .step = 3}};
  std::vector<int32_t> bodies(84 * 84);
  CHECK_THROWS_WITH(stored.Load(bare, {.segmentation_gripper = bodies.data()}),
                    Contains("frame 0: segmentation of demonstration 1 must be drawn, and it has no states"));
  CHECK_THROWS_WITH(drawn.Load(bare, {}), Contains("frame 0: pictures of demonstration 1 must be drawn"));
}

// A scene with a static camera of its own and all else of another.
class OtherCamera final : public SceneModel {
 public:
  OtherCamera(std::shared_ptr<const SceneModel> model, int width, int height)
      : model_(std::move(model)), width_(width), height_(height) {}

  const SceneDescription& description() const override { return model_->description(); }
  const std::string& name() const override { return model_->name(); }
  std::shared_ptr<const VisualModel> visual_model() const override { return model_->visual_model(); }
  const SceneSurfaces& surfaces() const override { return model_->surfaces(); }
  Camera static_camera() const override {
    Camera camera = model_->static_camera();
    camera.width = width_;
    camera.height = height_;
    return camera;
  }
  Camera gripper_camera(const Pose& X_WGripperCamera) const override {
    return model_->gripper_camera(X_WGripperCamera);
  }

 private:
  std::shared_ptr<const SceneModel> model_;
  int width_, height_;
};

TEST_CASE("A scene whose cameras draw pictures of other sizes than the arrays hold is refused") {
  const ScratchFolder folder;
  {
    DemoWriter writer = DemoWriter::Create(folder / "demos.h5", "{}");
    writer.Append(ExampleDemo(3, 1));
  }
  const auto reader = std::make_shared<const DemoReader>(folder / "demos.h5");
  const auto scenes = LoadScenesOf(*reader, std::getenv("DEERBENCH_SCENES"));
  for (const auto& [width, height] : {std::pair(400, 400), std::pair(200, 300), std::pair(100, 200)}) {
    auto others = scenes;
    others.at("D").model = std::make_shared<OtherCamera>(scenes.at("D").model, width, height);
    CHECK_THROWS_WITH(FrameLoader(reader, others),
                      Contains("the static camera of scene D draws " + std::to_string(width) + " x " +
                               std::to_string(height) + " pixels, expected 200 x 200"));
  }
  // Nor may a camera that is put in its place.
  FrameLoader loader(reader, scenes, {.threads = 1, .static_camera = [](Camera camera, const DemoInfo&) {
                                        camera.height = 201;
                                        return camera;
                                      }});
  std::vector<uint8_t> rgb(FrameLoader::kStaticBytes);
  CHECK_THROWS_WITH(loader.Load(std::vector<FrameRef>{{.demo = 0, .step = 0}}, {.rgb_static = rgb.data()}),
                    Contains("draws 200 x 201 pixels"));
}

TEST_CASE("Pictures drawn from a file are those that were seen, bit for bit, with any number of threads") {
  const ScratchFolder folder;
  const std::string scenes_dir = std::getenv("DEERBENCH_SCENES");
  std::vector<std::vector<Seen>> seen(2);
  {
    DemoWriter writer = DemoWriter::Create(folder / "demos.h5", "{}");
    writer.Append(Watch(LoadTabletopScene("D", scenes_dir), "open_drawer", 12, seen[0]));
    writer.Append(Watch(LoadTabletopScene("B", scenes_dir), "lift_red_block_table", 30, seen[1]));
  }
  const auto reader = std::make_shared<const DemoReader>(folder / "demos.h5");
  const auto scenes = LoadScenesOf(*reader, scenes_dir);

  // Every moment of both, in no particular order, some of them twice.
  std::vector<FrameRef> frames;
  for (int t = 30; t >= 0; --t) {
    frames.push_back({.demo = 1, .step = t});
    if (t <= 12) frames.push_back({.demo = 0, .step = t});
    if (t % 5 == 0) frames.push_back({.demo = 1, .step = t / 2});
  }
  const size_t n = frames.size();
  for (const int threads : {1, 3}) {
    FrameLoader loader(reader, scenes, {.threads = threads});
    for (int round = 0; round < 2; ++round) {
      std::vector<uint8_t> rgb_static(n * FrameLoader::kStaticBytes),
          rgb_gripper(n * FrameLoader::kGripperBytes);
      loader.Load(frames, {.rgb_static = rgb_static.data(), .rgb_gripper = rgb_gripper.data()});
      bool same = true;
      for (size_t i = 0; i < n; ++i) {
        const Seen& expected = seen[static_cast<size_t>(frames[i].demo)][static_cast<size_t>(frames[i].step)];
        same &= std::equal(expected.rgb_static.begin(), expected.rgb_static.end(),
                           rgb_static.begin() + static_cast<std::ptrdiff_t>(i * FrameLoader::kStaticBytes));
        same &= std::equal(expected.rgb_gripper.begin(), expected.rgb_gripper.end(),
                           rgb_gripper.begin() + static_cast<std::ptrdiff_t>(i * FrameLoader::kGripperBytes));
      }
      CHECK(same);
    }
    std::vector<int32_t> segmentation(2 * 84 * 84, -7);
    loader.Load(std::span(frames).first(2), {.segmentation_gripper = segmentation.data()});
    CHECK(std::ranges::count(segmentation, -7) == 0);
    CHECK_THROWS_WITH(loader.Load(std::vector<FrameRef>{{.demo = 0, .step = 13}}, {}),
                      Contains("frame 0: step 13 of demonstration 0, expected 0 to 12"));
    CHECK_THROWS_WITH(loader.Load(std::vector<FrameRef>{{.demo = 2, .step = 0}}, {}),
                      Contains("frame 0: demonstration 2, expected 0 to 1"));
  }
  std::map<std::string, TabletopScene> only_d{{"D", scenes.at("D")}};
  CHECK_THROWS_WITH(FrameLoader(reader, only_d), Contains("scene B is needed and not loaded"));
}

}  // namespace
}  // namespace deerbench::test
