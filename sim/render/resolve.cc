#include "sim/render/resolve.h"

#include <algorithm>
#include <cmath>

namespace deerbench::render {
namespace {

// Whether two triangles of one mesh face nearly the same way, so that one of them can be shaded for both.
bool FacesAlike(const PackedMesh& mesh, uint32_t a, uint32_t b) {
  const auto &n = mesh.face_normals[a], &m = mesh.face_normals[b];
  return n[0] * m[0] + n[1] * m[1] + n[2] * m[2] > 14900;  // of 127 * 127: within 22 degrees
}

// Number and centroid, from its centre, of each set of samples.
struct Centroid {
  uint32_t count;
  float x, y;
};
constexpr std::array<Centroid, 1 << kSamples> MakeCentroids() {
  std::array<Centroid, 1 << kSamples> table{};
  for (int set = 1; set < 1 << kSamples; ++set) {
    int count = 0, sum_x = 0, sum_y = 0;
    for (int i = 0; i < kSamples; ++i) {
      if ((set >> i & 1) == 0) continue;
      ++count;
      sum_x += kSampleX[i];
      sum_y += kSampleY[i];
    }
    table[static_cast<size_t>(set)] = {static_cast<uint32_t>(count),
                                       static_cast<float>(sum_x) / static_cast<float>(16 * count),
                                       static_cast<float>(sum_y) / static_cast<float>(16 * count)};
  }
  return table;
}
constexpr std::array<Centroid, 1 << kSamples> kCentroids = MakeCentroids();

void AddToLight(const std::array<float, 3>& color, uint32_t eighths, PixelLight& light) {
  const float scale = static_cast<float>(eighths) * (kLightScale / 8);
  for (size_t k = 0; k < 3; ++k) {
    const float c = scale * std::min(color[k], 3.9f);
    light.ambient[k] = static_cast<uint16_t>(light.ambient[k] + static_cast<uint32_t>(c + 0.5f));
  }
}

void ResolveSamples(const RenderScene& scene, const PixelSamples& samples, float centre_x, float centre_y,
                    uint32_t pixel, const Background& background, FragmentLists& fragments,
                    PixelLight& light) {
  const U8 ids = Load(samples.id);
  for (uint32_t left = (1u << kSamples) - 1; left != 0;) {
    const uint32_t id = samples.id[std::countr_zero(left)];
    uint32_t alike = SignMask(ids == Splat(id)) & left;
    if (id == kBackground) {
      AddToLight(background.At(centre_x, centre_y), kCentroids[alike].count, light);
      left &= ~alike;
      continue;
    }
    uint32_t others = SignMask(((ids ^ Splat(id)) >> kTriangleBits) == 0) & left & ~alike;
    if (others != 0) {
      const PackedMesh& mesh = scene.meshes[static_cast<size_t>(scene.instances[id >> kTriangleBits].mesh)];
      for (; others != 0; others &= others - 1) {
        const int i = std::countr_zero(others);
        if (FacesAlike(mesh, id & (kMaxTriangles - 1), samples.id[i] & (kMaxTriangles - 1))) alike |= 1u << i;
      }
    }
    const Centroid& centroid = kCentroids[alike];
    fragments.Add(id, centre_x + centroid.x, centre_y + centroid.y, centroid.count, pixel);
    left &= ~alike;
  }
}

}  // namespace

void FragmentLists::Clear(size_t num_instances) {
  lists_.resize(num_instances);
  for (List& list : lists_) list.count = 0;
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

void ResolvePixels(const RenderScene& scene, const Layer& layer, std::span<const uint8_t> selected,
                   bool value, const Background& background, FragmentLists& fragments, PixelLight* lights) {
  const int width = layer.visibility.width, groups = (width + kLanes - 1) / kLanes;
  for (int y = 0; y < layer.visibility.height; ++y) {
    const uint32_t* ids = &layer.visibility.id[static_cast<size_t>(layer.visibility.Index(0, y))];
    for (int gx = 0; gx < groups; ++gx) {
      const int x0 = gx * kLanes;
      uint32_t left = selected[static_cast<size_t>(y * groups + gx)];
      if (!value) left = ~left & (width - x0 < kLanes ? (1u << (width - x0)) - 1 : 0xffu);
      const uint32_t flagged = layer.samples.empty() ? 0u : layer.flags.group(gx, y);
      for (; left != 0; left &= left - 1) {
        const int i = std::countr_zero(left), x = x0 + i;
        const auto pixel = static_cast<uint32_t>(y * width + x);
        const float centre_x = static_cast<float>(x) + 0.5f, centre_y = static_cast<float>(y) + 0.5f;
        Store(lights[pixel].ambient, S8{});
        if ((flagged >> i & 1) != 0) {
          ResolveSamples(scene, layer.samples[static_cast<size_t>(layer.flags.Rank(x, y))], centre_x,
                         centre_y, pixel, background, fragments, lights[pixel]);
        } else if (ids[x] != kBackground) {
          fragments.Add(ids[x], centre_x, centre_y, kSamples, pixel);
        } else {
          AddToLight(background.At(centre_x, centre_y), kSamples, lights[pixel]);
        }
      }
    }
  }
}

}  // namespace deerbench::render
