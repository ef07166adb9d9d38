// Shadows that moving things throw on the static picture, a value a pixel.
#pragma once

#include <span>
#include <vector>

#include "sim/render/compose.h"
#include "sim/render/edges.h"
#include "sim/render/light_space.h"
#include "sim/render/shadow_map.h"

namespace deerbench::render {

class ShadowPlane {
 public:
  // Looks where `needs` says so, and takes kShadows back from groups that turn out to be lit. `visibility` is
  // that of static things.
  void Find(const VisibilityBuffer& visibility, const View& view, const Transform& X_LC,
            const ShadowMap& shadows, float bias_m, std::span<uint8_t> needs);

  // Adds to `selected` (a bit a pixel) the flagged pixels in which light and shadow may meet: the surfaces in
  // such a pixel are not equally lit, so one value for all of it would fray its edge.
  void SelectMixed(const EdgeFlags& flags, const View& view, std::span<uint8_t> selected) const;

  // Share of the key light, 0..1, at the eight pixels from (x, y) on.
  F8 At(int x, int y) const { return Load(&values_[Index(x, y)]); }

 private:
  size_t Index(int x, int y) const { return static_cast<size_t>((y + 1) * stride_ + x + kLanes); }

  int stride_ = 0;
  std::vector<float> values_;  // with a margin of ones
};

}  // namespace deerbench::render
