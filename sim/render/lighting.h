// How a scene is lit. Colours are factors on the surfaces' sRGB colours.
#pragma once

#include <optional>

#include "sim/scene/visual_model.h"

namespace deerbench {

struct Lighting {
  Vec3 to_key_light = {0.6, -0.35, 1.0};  // direction from the scene to the key light, in W; any length
  Float3 key = {0.62f, 0.60f, 0.57f};      // strength where the light falls straight onto a surface
  float key_wrap = 0.25f;                  // 0: Lambert; 1: light reaches round to the far side
  Float3 sky = {0.50f, 0.52f, 0.55f};      // soft light on surfaces that face up
  Float3 ground = {0.26f, 0.25f, 0.24f};   // and on those that face down

  float shadow_strength = 1.0f;        // share of the key light's diffuse part that a shadow takes
  bool far_side_in_shadow = false;        // surfaces that turn away from the key light have no part of it
  double shadow_texel_m = 0.004;       // resolution of the shadow map
  int shadow_filter = 3;               // width of the penumbra in texels, 1..3
  bool shadow_from_back_faces = true;  // casters' far sides cast: no surface shades itself by rounding
  float shadow_bias_m = 0.001f;        // how far in front of its caster a point still counts as lit
  float shadow_slope_bias = 0.5f;  // and further, in texels, on a surface inclined by 45 degrees to the light

  float specular = 1.0f;              // factor on the materials' highlights
  float specular_tint = 0.0f;         // 0: highlights in the light's colour; 1: times the surface's
  int shininess = 0;                  // exponent of all highlights; 0: from the materials' roughness
  std::optional<Vec3> highlight_eye;  // highlights as seen from this point in W instead of from the camera

  float occlusion = 0.5f;  // share of the soft light that corners and contacts can lose
  double occlusion_radius_m = 0.05;
  bool lights_glow = true;  // a light that is on shines in its colour, whatever falls on it

  Float3 background_above = {0.80f, 0.85f, 0.90f};  // what rays see that hit nothing: upwards,
  Float3 background_below = {0.93f, 0.93f, 0.92f};  // and from the horizon down

  void Validate() const;
};

// The look of PyBullet's OpenGL renderer, with which CALVIN's datasets were drawn (without ambient occlusion
// and with hard shadows; its pictures are not antialiased). Values from bullet3 6c888f4:
// examples/OpenGLWindow (GLInstancingRenderer.cpp, Shaders/useShadowMapInstancing*.glsl, SimpleCamera.cpp)
// and examples/SharedMemory/plugins/eglPlugin.
Lighting PyBulletLighting();

}  // namespace deerbench
