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
  CheckRange("specular", specular, 0, 4);
  CheckColor("background_above", background_above);
  CheckColor("background_below", background_below);
}

void RenderOptions::Validate() const { lighting.Validate(); }

}  // namespace deerbench
