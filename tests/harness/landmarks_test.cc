// Landmarks against pictures: what lies where they are said to be.
#include "harness/training/landmarks.h"

#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "datasets/rollout.h"
#include "harness/training/color_jitter.h"
#include "harness/training/slot_swaps.h"
#include "sim/env/tabletop.h"
#include "tests/harness/scenes.h"

namespace deerbench {
namespace {

constexpr int kFixtures = kFirstBlockLandmark;

struct Shown {
  int right = 0, covered = 0;
};

// What the pixel under each landmark belongs to; the robot may stand before it, blocks before each other.
void LookAtLandmarks(Tabletop& tabletop, const Camera& camera, int grid, Shown& shown) {
  std::vector<int32_t> bodies(static_cast<size_t>(camera.width) * camera.height);
  tabletop.Render(camera, {.segmentation = bodies.data()});
  const SceneInfo info = tabletop.world().Info();
  std::set<int> blocks;
  for (const BlockInfo& block : info.blocks) blocks.insert(block.uid);
  const auto landmarks = LandmarksOf(*tabletop.scene().model, tabletop.world().Save().state);
  const int pixels = camera.width / grid;
  for (int i = 0; i < kLandmarks; ++i) {
    const MapPlace place = PlaceOnMap(camera, grid, landmarks[i]);
    if (place.seen == 0) continue;
    const int x = static_cast<int>(place.column * static_cast<float>(pixels) + 1);
    const int y = static_cast<int>(place.row * static_cast<float>(pixels) + 1);
    const int32_t body = bodies[static_cast<size_t>(y) * camera.width + x];
    const int own = i < kFixtures ? info.table.uid : info.blocks[i - kFixtures].uid;
    if (body == own)
      ++shown.right;
    else
      ++shown.covered;
  }
}

}  // namespace

TEST_CASE("Landmarks lie where both cameras show their bodies, in every scene") {
  Shown fixed, moving;
  for (const char* letter : {"A", "B", "C", "D"}) {
    Tabletop tabletop(LoadTabletopScene(letter, ScenesFolder()));
    const SceneModel& model = *tabletop.scene().model;
    SplitMix64 random(1);
    for (const Chain& chain : Chains(ChainSet::kTuning, 12)) {
      tabletop.ResetFresh(DrawStart(model, chain.state, random));
      LookAtLandmarks(tabletop, model.static_camera(), 25, fixed);
      LookAtLandmarks(tabletop, model.gripper_camera(tabletop.world().X_WGripperCamera()), 21, moving);
    }
  }
  // Blocks behind the slider and what the arm stands before cannot be seen.
  CHECK(fixed.right > 3 * fixed.covered);
  CHECK(moving.right > 2 * moving.covered);
  CHECK(fixed.right > 250);
  CHECK(moving.right > 20);
}

TEST_CASE("A place outside of the picture or behind the camera is not seen") {
  const Camera camera{
      .width = 200, .height = 200, .fov_y_deg = 60, .X_WC = LookAt({0, -1, 0}, {0, 0, 0}, {0, 0, 1})};
  const MapPlace middle = PlaceOnMap(camera, 25, {0, 0, 0});
  CHECK(middle.seen == 1);
  CHECK(middle.column == Approx((100 - 1) / 8.0));
  CHECK(PlaceOnMap(camera, 25, {0.2, 0, 0}).column > middle.column);
  CHECK(PlaceOnMap(camera, 25, {0, 0, 0.2}).row < middle.row);
  CHECK(PlaceOnMap(camera, 25, {0.9, 0, 0}).seen == 0);
  CHECK(PlaceOnMap(camera, 25, {0, -2, 0}).seen == 0);
}

TEST_CASE("Colours are thrown about by the seed alone, and not at all with strength 0") {
  std::vector<uint8_t> picture(300);
  for (size_t i = 0; i < picture.size(); ++i) picture[i] = static_cast<uint8_t>(i * 7);
  std::vector<uint8_t> same = picture, one = picture, again = picture, other = picture;
  ColorJitter(0, 1).Apply(same);
  ColorJitter(0.4, 1).Apply(one);
  ColorJitter(0.4, 1).Apply(again);
  ColorJitter(0.4, 2).Apply(other);
  CHECK(same == picture);
  CHECK(one != picture);
  CHECK(one == again);
  CHECK(one != other);
}

TEST_CASE("The slots that a task is about are never exchanged, the other fixtures' always can be") {
  constexpr int kSlots = 16;
  const auto besides = [&](const char* task) {
    std::set<int> slots;
    for (const std::vector<int>& group : SlotsBesides(TaskByName(task), kSlots)) {
      for (const int slot : group) CHECK(slots.insert(slot).second);
    }
    return slots;
  };
  const std::set<int> fixtures = {kButtonLandmark, kSwitchLandmark, kSliderLandmark, kDrawerLandmark};
  const auto without = [&](std::set<int> slots, int slot) {
    slots.erase(slot);
    return slots;
  };
  CHECK(besides("lift_red_block_table") == fixtures);
  CHECK(besides("lift_blue_block_slider") == without(fixtures, kSliderLandmark));
  CHECK(besides("push_into_drawer") == without(fixtures, kDrawerLandmark));
  std::set<int> all;
  for (int slot = 0; slot < kSlots; ++slot) all.insert(slot);
  CHECK(besides("turn_on_led") == without(all, kButtonLandmark));
  CHECK(besides("turn_off_lightbulb") == without(all, kSwitchLandmark));
  CHECK(besides("move_slider_left") == without(all, kSliderLandmark));
  CHECK(besides("open_drawer") == without(all, kDrawerLandmark));
  for (TaskId task = 0; task < kTaskCount; ++task) CHECK(SlotsBesides(task, 2).size() <= 2);
}

}  // namespace deerbench
