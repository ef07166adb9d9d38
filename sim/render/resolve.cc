#include "sim/render/resolve.h"

#include <cmath>

namespace deerbench::render {
namespace {

// Whether two triangles of one mesh face nearly the same way, so that one of them can be shaded for both.
bool FacesAlike(const PackedMesh& mesh, uint32_t a, uint32_t b) {
  const auto &n = mesh.face_normals[a], &m = mesh.face_normals[b];
  return n[0] * m[0] + n[1] * m[1] + n[2] * m[2] > 14900;  // of 127 * 127: within 22 degrees
}

void AddToLight(const std::array<float, 3>& color, float weight, PixelLight& light) {
  for (int k = 0; k < 3; ++k) light.ambient[k] += weight * color[static_cast<size_t>(k)];
}

}  // namespace

void FragmentLists::Clear(size_t num_instances) {
  lists_.resize(num_instances);
  for (auto& list : lists_) list.clear();
}

Background::Background(const Lighting& lighting, const Pose& X_WC, const View& view)
    : above_{lighting.background_above.x, lighting.background_above.y, lighting.background_above.z},
      below_{lighting.background_below.x, lighting.background_below.y, lighting.background_below.z} {
  const Transform X = ToTransform(X_WC);
  up_x_ = X.r[6];
  up_y_ = X.r[7];
  up_z_ = X.r[8];
  cx_ = static_cast<float>(view.cx);
  cy_ = static_cast<float>(view.cy);
  inverse_f_ = static_cast<float>(1 / view.f);
}

std::array<float, 3> Background::At(float x, float y) const {
  const float dx = (x - cx_) * inverse_f_, dy = (y - cy_) * inverse_f_;
  const float sine = (up_x_ * dx + up_y_ * dy + up_z_) / std::sqrt(dx * dx + dy * dy + 1);
  const float s = sine < 0 ? 0 : sine > 0.5f ? 1 : 2 * sine;
  std::array<float, 3> color;
  for (size_t k = 0; k < 3; ++k) color[k] = below_[k] + s * (above_[k] - below_[k]);
  return color;
}

void ResolvePixel(const RenderScene& scene, const Layer& layer, int x, int y, const Background& background,
                  FragmentLists& fragments, PixelLight* lights) {
  const int width = layer.visibility.width;
  const auto pixel = static_cast<uint32_t>(y * width + x);
  PixelLight& light = lights[pixel];
  light = {};
  const float centre_x = static_cast<float>(x) + 0.5f, centre_y = static_cast<float>(y) + 0.5f;
  if (layer.samples.empty() || !layer.flags.at(x, y)) {
    const uint32_t id = layer.visibility.id[static_cast<size_t>(layer.visibility.Index(x, y))];
    if (id == kBackground)
      AddToLight(background.At(centre_x, centre_y), 1, light);
    else
      fragments.Add(id, centre_x, centre_y, 1, pixel);
    return;
  }
  const PixelSamples& samples = layer.samples[static_cast<size_t>(layer.flags.Rank(x, y))];
  for (uint32_t left = (1u << kSamples) - 1; left != 0;) {
    const uint32_t id = samples.id[std::countr_zero(left)];
    const PackedMesh* mesh = nullptr;
    if (id != kBackground)
      mesh = &scene.meshes[static_cast<size_t>(scene.instances[id >> kTriangleBits].mesh)];
    int count = 0, sum_x = 0, sum_y = 0;
    for (uint32_t others = left; others != 0; others &= others - 1) {
      const int i = std::countr_zero(others);
      const uint32_t other = samples.id[i];
      const bool alike =
          other == id || (mesh != nullptr && (other ^ id) >> kTriangleBits == 0 &&
                          FacesAlike(*mesh, id & (kMaxTriangles - 1), other & (kMaxTriangles - 1)));
      if (!alike) continue;
      ++count;
      sum_x += kSampleX[i];
      sum_y += kSampleY[i];
      left &= ~(1u << i);
    }
    const float weight = static_cast<float>(count) * (1.0f / kSamples);
    if (id == kBackground) {
      AddToLight(background.At(centre_x, centre_y), weight, light);
    } else {
      const float scale = 1.0f / static_cast<float>(16 * count);
      fragments.Add(id, centre_x + scale * static_cast<float>(sum_x),
                    centre_y + scale * static_cast<float>(sum_y), weight, pixel);
    }
  }
}

}  // namespace deerbench::render
