#include <cmath>

#include "base/error.h"
#include "fmt/format.h"
#include "sim/render/renderer.h"

namespace deerbench {
namespace {

void CheckRange(const char* field, double value, double low, double high) {
  if (!(value >= low && value <= high))
    Fail(fmt::format("lighting {}: {}, expected {}..{}", field, value, low, high));
}

void CheckColor(const char* field, const Float3& color) {
  for (const float c : {color.x, color.y, color.z}) CheckRange(field, c, 0, 4);
}

}  // namespace

void Lighting::Validate() const {
  const double length = Norm(to_key_light);
  if (!(length > 1e-9) || !std::isfinite(length))
    Fail(fmt::format("lighting to_key_light: {}, {}, {}, expected a direction", to_key_light.x,
                     to_key_light.y, to_key_light.z));
  CheckColor("key", key);
  CheckRange("key_wrap", key_wrap, 0, 1);
  CheckRange("shadow_strength", shadow_strength, 0, 1);
  CheckColor("sky", sky);
  CheckColor("ground", ground);
  CheckRange("shadow_texel_m", shadow_texel_m, 1e-4, 1);
  CheckRange("shadow_filter", shadow_filter, 1, 3);
  CheckRange("shadow_bias_m", shadow_bias_m, 0, 1);
  CheckRange("shadow_slope_bias", shadow_slope_bias, 0, 16);
  CheckRange("specular", specular, 0, 40);
  CheckRange("specular_tint", specular_tint, 0, 1);
  CheckRange("shininess", shininess, 0, 1024);
  CheckRange("occlusion", occlusion, 0, 1);
  CheckRange("occlusion_radius_m", occlusion_radius_m, 1e-3, 10);
  CheckColor("background_above", background_above);
  CheckColor("background_below", background_below);
}

Lighting PyBulletLighting() {
  Lighting l;
  l.to_key_light = {-5, -40, 200};
  l.key = l.sky = l.ground = {0.5f, 0.5f, 0.5f};
  l.key_wrap = 1;
  l.shadow_strength = 0.3f;
  l.far_side_in_shadow = true;
  l.shadow_texel_m = 20.0 / 4096;
  l.shadow_filter = 1;
  l.shadow_bias_m = 0;
  l.shadow_slope_bias = 0;
  l.specular = 20;  // times the default material's 0.05 and the key light: 0.5
  l.specular_tint = 1;
  l.shininess = 41;
  l.highlight_eye = Vec3{6.840403, -18.793852, 0};  // 20 m away at a yaw of 20 degrees
  l.occlusion = 0;
  l.lights_glow = false;
  l.background_above = l.background_below = {0.7f, 0.7f, 0.8f};
  return l;
}

RenderOptions OptionsOf(Look look) {
  RenderOptions options;
  if (look == Look::kPyBullet) {
    options.lighting = PyBulletLighting();
    options.antialias = false;
    options.ambient_occlusion = false;
  }
  return options;
}

void RenderOptions::Validate() const { lighting.Validate(); }

}  // namespace deerbench
