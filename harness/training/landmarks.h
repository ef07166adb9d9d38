// Where in a picture the things stand that tasks are about: button, switch, the handles of slider and drawer,
// the blocks. Slots of the vision encoder are taught to look there, so that they find them in scenes that are
// laid out otherwise.
#pragma once

#include <array>

#include "sim/physics/scene_model.h"
#include "sim/physics/world_state.h"

namespace deerbench {

enum Landmark {
  kButtonLandmark,
  kSwitchLandmark,
  kSliderLandmark,
  kDrawerLandmark,
  kFirstBlockLandmark,  // red, then blue, pink
  kLandmarks = kFirstBlockLandmark + 3
};

// Positions in W, m.
std::array<Vec3, kLandmarks> LandmarksOf(const SceneModel& model, const WorldState& state);

// A place on a camera's feature map in cells, (0, 0) the middle of what the first one looks at; `seen` is 1
// where the place lies within the map and before the camera, whatever stands in front of it, else 0.
struct MapPlace {
  float column = 0, row = 0, seen = 0;
};
MapPlace PlaceOnMap(const Camera& camera, int grid, const Vec3& p_W);

}  // namespace deerbench
