// From what is visible to what has to be shaded.
#pragma once

#include <span>
#include <vector>

#include "sim/render/layer.h"
#include "sim/render/lighting.h"
#include "sim/render/shade.h"

namespace deerbench::render {

// Fragments by instance, so that those shaded together have one material.
class FragmentLists {
 public:
  void Clear(size_t num_instances);
  void Add(uint32_t id, float x, float y, uint32_t eighths, uint32_t pixel) {
    List& list = lists_[id >> kTriangleBits];
    if (list.count == list.fragments.size()) list.fragments.resize(2 * list.count + 64);
    list.fragments[list.count++] = {x, y, pixel, (id & (kMaxTriangles - 1)) | eighths << kTriangleBits};
  }
  std::span<const Fragment> of(size_t instance) const {
    return {lists_[instance].fragments.data(), lists_[instance].count};
  }

 private:
  struct List {
    std::vector<Fragment> fragments;
    size_t count = 0;
  };
  std::vector<List> lists_;
};

// What rays see that hit nothing.
class Background {
 public:
  Background(const Lighting& lighting, const Pose& X_WC, const View& view);
  std::array<float, 3> At(float x, float y) const;

 private:
  std::array<float, 3> above_, below_;
  float up_x_, up_y_, up_z_;  // of the ray (x - cx, y - cy, f), upwards
  float cx_, cy_, inverse_f_;
};

// The fragments of all pixels whose bit in `selected` (a bit a pixel, eight of a row a byte) is `value`.
// Their light is set to that of the background in them.
void ResolvePixels(const RenderScene& scene, const Layer& layer, std::span<const uint8_t> selected,
                   bool value, const Background& background, FragmentLists& fragments, PixelLight* lights);

}  // namespace deerbench::render
