// How a scene is lit. Colours are factors on the surfaces' sRGB colours.
#pragma once

#include "sim/scene/visual_model.h"

namespace deerbench {

struct Lighting {
  Vec3 to_key_light = {0.45, -0.55, 1.0};  // direction from the scene to the key light, in W; any length
  Float3 key = {0.62f, 0.60f, 0.57f};      // strength where the light falls straight onto the surface
  float key_wrap = 0.25f;                  // 0: Lambert; 1: light reaches round to the far side
  float shadow_strength = 1.0f;            // share of the key light that a shadow takes
  Float3 sky = {0.50f, 0.52f, 0.55f};      // soft light on surfaces that face up
  Float3 ground = {0.26f, 0.25f, 0.24f};   // and on those that face down
  float specular = 1.0f;                   // factor on the materials' highlights
  Float3 background_above = {0.80f, 0.85f, 0.90f};  // what rays see that hit nothing: upwards,
  Float3 background_below = {0.93f, 0.93f, 0.92f};  // and from the horizon down

  void Validate() const;
};

}  // namespace deerbench
